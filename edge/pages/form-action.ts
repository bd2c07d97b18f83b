/** The sources of a Content-Security-Policy's `form-action` for the sign-in forms. Pure. */

/** The addresses that a form can lead to. Chromium applies the policy to every redirect after the form too. */
export interface FormTargets {
  publicUrl: string;
  appUrl: string;
  passwordUrl: string | undefined;
}

/**
 * Returns the sources of `form-action`. The provider is unknown until the form is sent, and a list of all providers
 * would reveal the customers. The policy therefore allows any HTTPS address and, if the edge itself uses HTTP, any port
 * of this machine.
 */
export function formAction({ publicUrl, appUrl, passwordUrl }: FormTargets): string {
  const isHttp = (url: string | undefined): url is string => url?.startsWith('http:') ?? false;
  const local = isHttp(publicUrl) ? ['http://127.0.0.1:*', 'http://localhost:*'] : [];
  const others = [appUrl, passwordUrl].filter(isHttp).map((url) => new URL(url).origin);
  return [...new Set(["'self'", 'https:', ...local, ...others])].join(' ');
}
