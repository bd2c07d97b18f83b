/** The errors behind a failed code exchange or discovery: who can help, and a reason without any value. Pure. */
import { ProviderError } from './outbound.js';
import type { SignInError } from './sign-in-error.js';

/** The errors that a provider sends with the browser (OpenID Connect Core section 3.1.2.6). */
export const ANSWERS = new Map<string, SignInError['kind']>([
  ['access_denied', 'refused'],
  ['login_required', 'refused'],
  ['interaction_required', 'refused'],
  ['consent_required', 'refused'],
  ['account_selection_required', 'refused'],
  ['temporarily_unavailable', 'trouble'],
  ['server_error', 'trouble'],
]);

/** The errors of a token endpoint (RFC 6749 section 5.2). */
export const TOKEN_ANSWERS = new Map<string, SignInError['kind']>([
  ['invalid_grant', 'expired'],
  ['invalid_client', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
]);

/** Returns the innermost message of an error. Messages of both libraries hold no values; those of parsers do. */
export function innermost(error: unknown): string {
  let found = error;
  while (found instanceof Error && found.cause instanceof Error && !(found.cause instanceof SyntaxError)) {
    found = found.cause;
  }
  return found instanceof Error ? found.message : 'an error';
}

/** Returns the failure of a request to the provider that is behind an error. */
export function troubleIn(error: unknown): ProviderError | undefined {
  for (let found = error; found instanceof Error; found = found.cause) {
    if (found instanceof ProviderError) return found;
    if (found.name === 'TimeoutError') return new ProviderError('the provider does not answer in time');
  }
  return undefined;
}
