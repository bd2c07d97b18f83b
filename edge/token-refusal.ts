/**
 * The 401 of a request without a valid API token. The Okta admin reads it in Okta, and LeaseHawk support in the
 * activity: it says what came, and what to enter. It never repeats what came. Pure.
 */
import type { RpcFailure } from '../client/errors.js';
import { ScimError } from './scim/scim-error.js';

/** The form of a token, anywhere in a text. */
const TOKEN = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i;

const NOT_VALID = 'The API token is not valid for this organization.';
const FORM = 'Okta must send "Authorization: apikey <token>": enter the word "apikey", a blank, and the token';
const WIZARD = 'in an app of the App Integration Wizard, the token alone, because Okta puts "Bearer" before it';
const NEW_TOKEN = 'Ask LeaseHawk support for a new one.';

const refusal = (detail: string) =>
  new ScimError(401, undefined, detail, { 'WWW-Authenticate': 'Bearer realm="LeaseHawk SCIM"' });

/** Returns the refusal of an Authorization header that does not have the form of an API token. */
export function malformedToken(authorization: string | undefined): ScimError {
  const came = authorization?.trim() ?? '';
  if (came === '' || /^(apikey|bearer)$/i.test(came)) {
    return refusal(`No API token came with the request. ${FORM} that LeaseHawk support gave you (${WIZARD}).`);
  }
  if (/^bearer\s+apikey\b/i.test(came)) {
    return refusal(
      'The API token came with both words, "Bearer" and "apikey". Okta puts "Bearer" before what you enter, as apps of ' +
        'the App Integration Wizard do: enter the token alone, without the word "apikey" and the blank.',
    );
  }
  if (/^basic\b/i.test(came)) {
    return refusal(
      `A user name and a password came instead of an API token. Set the authentication to HTTP Header. ${FORM}.`,
    );
  }
  const token = TOKEN.exec(came);
  if (token && token.index === 0 && token[0] === came) {
    return refusal(`The API token came without the word "apikey". ${FORM}.`);
  }
  if (token) return refusal(`The API token came with other text around it. ${FORM}, and nothing else (${WIZARD}).`);
  return refusal(
    `${NOT_VALID} What came does not have the form of a token, 36 characters like 689c872e-5fae-438c-9467-0c9fc33c882e. ` +
      `${FORM} as LeaseHawk support gave it to you (${WIZARD}).`,
  );
}

/** Returns the refusal of an address whose organization id cannot be one. */
export const malformedOrganizationId = () =>
  refusal(
    `${NOT_VALID} The Organization ID in the address does not have the form of one, lower-case letters and digits: ` +
      'enter it again, as LeaseHawk support gave it to you.',
  );

/**
 * Returns the refusal of a well-formed token. The token of another organization, one that was never issued, and an
 * unknown organization get the same words: only a holder of the organization's own token learns that it has ended.
 */
export function invalidToken({ details = {} }: Pick<RpcFailure, 'details'> = {}): ScimError {
  const { token_state: state, token_end_time: time = '' } = details;
  const when = time === '' ? '' : ` on ${time.slice(0, 10)}`;
  if (state === 'revoked') return refusal(`The API token was revoked${when}. ${NEW_TOKEN}`);
  if (state === 'expired') return refusal(`The API token expired${when}. ${NEW_TOKEN}`);
  return refusal(
    `${NOT_VALID} The form is right, but the organization has no such token: the token or the Organization ID is ` +
      'mistyped, or they belong to different organizations. Enter both again, or ask LeaseHawk support for a new token.',
  );
}
