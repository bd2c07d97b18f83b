/** Where a browser may be sent after sign-in: to the application, whatever it asked for. Pure. */

const MAX_LENGTH = 2048;
/** What browsers drop, or take for a slash, where they read an address: blanks and control characters, "\". */
const MISREAD = /[\s\p{Cc}\p{Cf}\\]/u;

/** Where the edge itself answers, on the same host. */
const SIGN_IN = /^\/(login|logout)(\/|$)/i;

/** The address asked for if it is of the application's own origin, a path on it included; else `appUrl`. Absolute. */
export function targetOf(asked: unknown, appUrl: string): string {
  if (typeof asked !== 'string' || asked.length > MAX_LENGTH || MISREAD.test(asked)) return appUrl;
  if (!/^(\/(?!\/)|https?:\/\/)/i.test(asked) || !URL.canParse(asked, appUrl)) return appUrl;
  const target = new URL(asked, appUrl);
  const isOwn = target.origin === new URL(appUrl).origin && target.username === '' && target.password === '';
  // Non-ASCII letters are longer once they are encoded, and all this has to fit into a cookie.
  return isOwn && target.href.length <= MAX_LENGTH && !SIGN_IN.test(target.pathname) ? target.href : appUrl;
}
