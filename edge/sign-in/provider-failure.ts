/** The errors behind a failed code exchange or discovery: who can help, and a reason without any value. Pure. */
import * as oidc from 'openid-client';
import { InvalidTokenError } from './jwt.js';
import { ProviderError } from './outbound.js';
import { SignInError } from './sign-in-error.js';

/** The errors that a provider sends with the browser (OpenID Connect Core section 3.1.2.6). */
const ANSWERS = new Map<string, SignInError['kind']>([
  ['access_denied', 'refused'],
  ['login_required', 'refused'],
  ['interaction_required', 'refused'],
  ['consent_required', 'refused'],
  ['account_selection_required', 'refused'],
  ['temporarily_unavailable', 'trouble'],
  ['server_error', 'trouble'],
]);

/** The errors of a token endpoint (RFC 6749 section 5.2). */
const TOKEN_ANSWERS = new Map<string, SignInError['kind']>([
  ['invalid_grant', 'expired'],
  ['invalid_client', 'misconfigured'],
  ['unauthorized_client', 'misconfigured'],
  ['invalid_scope', 'misconfigured'],
]);

/** openid-client's code for a time in an ID token that does not fit the clock. */
const CLOCK = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED';

/** openid-client's codes for answers that no token endpoint gives, such as the page of a proxy. */
const UNREADABLE = ['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR'];

/** Maps a failed code exchange to an error. The text contains the provider's error name and nothing else it sent. */
export function failureOf(error: unknown): Error {
  const trouble = troubleIn(error);
  if (trouble) return trouble;
  if (error instanceof oidc.AuthorizationResponseError) {
    const name = /^\w{1,50}$/.exec(error.error)?.[0] ?? 'an error';
    const kind = ANSWERS.get(name) ?? 'misconfigured';
    return new SignInError(kind, `The provider did not sign the person in: ${name}.`);
  }
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.WWWAuthenticateChallengeError) {
    const name = error instanceof oidc.ResponseBodyError ? /^\w{1,50}$/.exec(error.error)?.[0] : 'invalid_client';
    const kind = TOKEN_ANSWERS.get(name ?? '') ?? 'trouble';
    return new SignInError(kind, `The provider did not take the code: ${name ?? 'an error'}.`);
  }
  if (error instanceof oidc.ClientError && UNREADABLE.includes(error.code ?? '')) {
    return new SignInError('trouble', "The provider's answer cannot be read.");
  }
  if (error instanceof oidc.ClientError || error instanceof InvalidTokenError) {
    const isClock = error instanceof InvalidTokenError ? error.isClock : error.code === CLOCK;
    return new SignInError(
      isClock ? 'clock' : 'unverified',
      `The provider's answer is not valid: ${innermost(error)}.`,
    );
  }
  return error instanceof Error ? error : new Error('sign-in failed');
}

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
