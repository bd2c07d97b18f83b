/** The address after sign-in: always in the application, whatever the request asked for. Pure. */

const MAX_LENGTH = 2048;
/** Characters that browsers drop or read as a slash in an address: blanks, control characters, "\\". */
const MISREAD = /[\s\p{Cc}\p{Cf}\\]/u;

/** Paths of the edge itself on the same host. */
const SIGN_IN = /^\/(login|logout)(\/|$)/i;

/** Returns the path as the edge, or a proxy in front of it, may read it: decoded, with single slashes. */
function readPath(path: string): string {
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // No route matches a path that cannot be decoded.
  }
  return decoded.replace(/\/{2,}/g, '/');
}

/**
 * Returns the requested address if it has the application's origin or is a path on it; `appUrl` otherwise. Absolute.
 */
export function targetOf(asked: unknown, appUrl: string): string {
  if (typeof asked !== 'string' || asked.length > MAX_LENGTH || MISREAD.test(asked)) return appUrl;
  if (!/^(\/(?!\/)|https?:\/\/)/i.test(asked) || !URL.canParse(asked, appUrl)) return appUrl;
  const target = new URL(asked, appUrl);
  const isOwn = target.origin === new URL(appUrl).origin && target.username === '' && target.password === '';
  // Encoding makes non-ASCII letters longer, and the whole has to fit into a cookie.
  return isOwn && target.href.length <= MAX_LENGTH && !SIGN_IN.test(readPath(target.pathname)) ? target.href : appUrl;
}
