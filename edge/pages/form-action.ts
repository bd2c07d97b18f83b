/** Where the forms of sign-in may lead, for a Content-Security-Policy. Pure. */

/** The addresses that a form leads to, in the end: Chromium holds every redirect after it to the policy too. */
export interface FormTargets {
  publicUrl: string;
  appUrl: string;
  passwordUrl: string | undefined;
}

/**
 * The sources of `form-action`. Which provider it will be is not known before the form is sent, and to list all would tell
 * who the customers are: so any HTTPS, and, where the edge itself is not under HTTPS, any port of this machine.
 */
export function formAction({ publicUrl, appUrl, passwordUrl }: FormTargets): string {
  const isHttp = (url: string | undefined): url is string => url?.startsWith('http:') ?? false;
  const local = isHttp(publicUrl) ? ['http://127.0.0.1:*', 'http://localhost:*'] : [];
  const others = [appUrl, passwordUrl].filter(isHttp).map((url) => new URL(url).origin);
  return [...new Set(["'self'", 'https:', ...local, ...others])].join(' ');
}
