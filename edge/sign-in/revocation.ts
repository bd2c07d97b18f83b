/**
 * Universal Logout: an organization's provider asks to end all sessions of a user, with a JWT that it signed
 * (draft-parecki-oauth-global-token-revocation, in Okta's form).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserstoreError } from '../../client/errors.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { RevokeUserSessionsRequest } from '../../proto/gen/userstore/v1/session_service.js';
import type { StoreClient } from '../store-client.js';
import { claimedOf, InvalidTokenError, verifyRevocationToken } from './jwt.js';
import type { Providers } from './provider.js';

const MAX_TOKEN = 8192;
const identifier = z.string().min(1).max(1000);
const body = z.object({
  sub_id: z.discriminatedUnion('format', [
    z.object({ format: z.literal('email'), email: identifier }),
    z.object({ format: z.literal('iss_sub'), iss: identifier, sub: identifier }),
  ]),
});

/** The answer: a status and, if it refuses, the reason. */
export interface RevocationAnswer {
  status: 204 | 400 | 401 | 404 | 422;
  /** For the activity log and, unless the status is 401, for the client. Contains no value of the request. */
  reason: string;
  /** The organization of the provider; of an invalid token the one that the token claims. */
  organizationId: string | undefined;
  userId?: string;
}
type Answer = Omit<RevocationAnswer, 'organizationId'>;

/** Creates the handler for `endpoint`, the audience of the tokens. Throws UserstoreError and ProviderError. */
export function createRevocation(store: StoreClient, { keysOf }: Pick<Providers, 'keysOf'>, endpoint: string) {
  const keyOf = (issuer: string, jti: string) =>
    createHash('sha256').update(`revocation ${issuer} ${jti}`).digest('base64url');

  async function revoke(request: RevokeUserSessionsRequest, requestId: string): Promise<Answer> {
    try {
      const { userId } = await store.revokeUserSessions(request, requestId);
      return { status: 204, reason: 'All sessions of the user were ended.', userId };
    } catch (error) {
      const reason = error instanceof UserstoreError ? error.failure?.reason : undefined;
      const refusal = reason && REFUSALS[reason];
      if (!refusal) throw error;
      return refusal;
    }
  }

  async function answer(
    token: string,
    asked: unknown,
    { issuer, own }: Claimed,
    requestId: string,
    signal: AbortSignal,
  ) {
    // The edge fetches keys from known providers only.
    if (own === undefined) throw new InvalidTokenError('"iss" and "sub" are of no organization\'s client');
    const { keys, issuer: name } = await keysOf(issuer, signal);
    const { jti, expireTime } = await verifyRevocationToken(token, keys, name, endpoint);
    const user = userIn(asked);
    if (!user) return { status: 400, reason: 'The body has no "sub_id" of format "email" or "iss_sub".' } as const;
    // "iss_sub" names a user of one issuer, which must be the token's own.
    if (user.$case === 'subject' && ![issuer, name].some(isSameAs(user.value.issuer))) return OTHER_ISSUER;
    const use = { key: keyOf(issuer, jti), expireTime };
    const { isFirst } = await store.useOnce({ ...use, onlyLook: true }, requestId, signal);
    if (!isFirst) throw new InvalidTokenError('it was used already');
    const actor = { caller: 'edge', apiTokenId: undefined, requestId };
    const revoked = await revoke({ organizationId: own, actor, user }, requestId);
    // Consumes the token after the work: a provider that got no answer sends the same token again.
    await store.useOnce(use, requestId);
    return revoked;
  }

  async function claimedIn(token: string, requestId: string, signal: AbortSignal): Promise<Claimed> {
    const claimed = token.length > MAX_TOKEN ? undefined : claimedOf(token);
    if (!claimed) throw new InvalidTokenError('not a JWT with "iss" and "sub"');
    const { connections } = await store.findSsoConnections(
      { key: { $case: 'client', value: claimed } },
      requestId,
      signal,
    );
    return { issuer: claimed.issuer, own: connections[0]?.connection?.organizationId };
  }

  return async (token: string, asked: unknown, requestId: string, signal: AbortSignal): Promise<RevocationAnswer> => {
    let organizationId: string | undefined;
    try {
      const claimed = await claimedIn(token, requestId, signal);
      organizationId = claimed.own;
      return { ...(await answer(token, asked, claimed, requestId, signal)), organizationId };
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      return { status: 401, reason: `The token is not valid: ${error.message}.`, organizationId };
    }
  };
}

/** Compares issuers without a slash at their end. */
const isSameAs = (issuer = '') => {
  const plain = issuer.replace(/\/$/, '');
  return (other: string) => other.replace(/\/$/, '') === plain;
};

const OTHER_ISSUER: Answer = { status: 404, reason: 'The "sub_id" names a user of another issuer than the token.' };

/** Returns the token's unverified claims and the organization with that issuer and client. */
interface Claimed {
  issuer: string;
  own: string | undefined;
}

const REFUSALS: Partial<Record<ErrorReason, Answer>> = {
  [ErrorReason.ERROR_REASON_USER_NOT_FOUND]: { status: 404, reason: 'There is no such user.' },
  [ErrorReason.ERROR_REASON_FIELD_INVALID]: { status: 422, reason: 'Nobody can have such an identifier.' },
};

/** Returns the subject that the body names; undefined if its form is unknown. */
function userIn(bytes: unknown): RevokeUserSessionsRequest['user'] {
  let json: unknown;
  try {
    json = JSON.parse(String(bytes));
  } catch {
    return undefined;
  }
  const { data } = body.safeParse(json);
  if (!data) return undefined;
  const { sub_id: named } = data;
  if (named.format === 'email') return { $case: 'email', value: named.email };
  return { $case: 'subject', value: { issuer: named.iss, subject: named.sub } };
}
