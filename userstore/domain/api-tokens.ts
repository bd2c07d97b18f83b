/** The rules of API tokens. A secret has 122 random bits, so a fast digest is as safe as a slow one. */
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import {
  type ApiToken,
  CreateApiTokenRequest,
  RotateApiTokenRequest,
} from '../../proto/gen/userstore/v1/api_token_service.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { EVENT_TYPES } from '../model/event-types.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import { apiTokenEvent } from '../model/record-events.js';
import type { ApiTokenStorage } from '../storage/api-tokens.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import { digestOf, nameOfActor } from './credentials.js';
import { checkLabel, type OrganizationRules } from './organizations.js';
import type { Claim, Effect, Once } from './repeats.js';
import { retryUntil } from './retry.js';
import type { Sealer } from './sealing.js';

const MIN_LIFETIME_SECONDS = 60;
/** Ten years. */
const MAX_LIFETIME_SECONDS = 315_360_000;
/** Thirty days. */
const MAX_OVERLAP_SECONDS = 2_592_000;
/** A UUID ends in random hexadecimal digits: these are 16 of its 122 random bits. */
const SUFFIX_LENGTH = 4;
/** The least time between two writes of a token's last use. */
const USE_INTERVAL_MS = 5 * 60_000;
/** Longest write of the last use, which delays the response. */
const USE_MS = 500;

/** The storage of API tokens, and all else that the rules need. `deadline` is in epoch milliseconds everywhere. */
export interface ApiTokenContext {
  storage: ApiTokenStorage;
  organizations: OrganizationRules;
  /** Encrypts the secrets of tokens whose request may be repeated. */
  sealer: Sealer;
  once: Once;
}

/** An API token with its secret, which is stored nowhere, or encrypted for a day if the request has an id. */
interface IssuedToken {
  apiToken: ApiToken;
  secret: string;
}

/** A successor, and the token that it replaces. */
interface RotatedToken extends IssuedToken {
  replaced: ApiToken;
}

/**
 * Issues a token, with a new id and secret unless they are given. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID,
 * API_TOKEN_LIMIT_REACHED.
 */
async function issueToken(
  { storage, organizations }: ApiTokenContext,
  { organizationId, label, actor, lifetimeSeconds: lifetime }: CreateApiTokenRequest,
  { mark, secret = randomUUID() }: { mark?: string | undefined; secret?: string | undefined },
  deadline: number,
): Promise<IssuedToken> {
  checkLabel('label', label);
  if (lifetime !== undefined) checkSeconds('lifetime_seconds', lifetime, MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS);
  await organizations.get(organizationId, deadline);
  const createTime = new Date();
  const id = mark ?? uuidv7({ msecs: createTime.getTime() });
  const expireTime = lifetime === undefined ? undefined : new Date(createTime.getTime() + lifetime * 1000);
  const createdBy = nameOfActor(actor);
  const unused = { revokeTime: undefined, lastUseTime: undefined };
  const secretSuffix = secret.slice(-SUFFIX_LENGTH);
  const valid = { createTime, expireTime, lifetimeSeconds: lifetime };
  const apiToken: ApiToken = { id, organizationId, label, createdBy, secretSuffix, ...valid, ...unused };
  const event = apiTokenEvent({ type: EVENT_TYPES.tokenIssued, after: apiToken, version: 1, time: createTime, actor });
  await orLimitReached(storage.insert(apiToken, digestOf(secret), event, deadline));
  return { apiToken, secret };
}

/**
 * Issues the successor of a live token, which stays valid for the overlap. The successor is valid for the lifetime that
 * the request names, or for that of the replaced token. Throws API_TOKEN_NOT_FOUND, FIELD_INVALID,
 * API_TOKEN_LIMIT_REACHED.
 */
async function rotateToken(
  context: ApiTokenContext,
  request: RotateApiTokenRequest,
  claimed: Parameters<typeof issueToken>[2],
  deadline: number,
): Promise<RotatedToken> {
  const { organizationId, apiTokenId } = request;
  checkSeconds('overlap_seconds', request.overlapSeconds, 0, MAX_OVERLAP_SECONDS);
  const replaced = await findToken(context, organizationId, apiTokenId, deadline);
  if (replaced.revokeTime || (replaced.expireTime && replaced.expireTime <= new Date())) {
    throw invalidField('api_token_id', 'The token is no longer valid; issue a new one instead.');
  }
  // The successor is issued first: a call that ends half-way leaves one token too many, not one too few.
  const lifetimeSeconds = request.lifetimeSeconds ?? replaced.lifetimeSeconds;
  const issued = await issueToken(context, { ...request, label: replaced.label, lifetimeSeconds }, claimed, deadline);
  return { ...issued, replaced: await expireReplaced(context, request, deadline) };
}

/** Lets the replaced token expire after the overlap, unless it expires earlier. Returns it. */
function expireReplaced(
  context: ApiTokenContext,
  { organizationId, apiTokenId, overlapSeconds, actor }: RotateApiTokenRequest,
  deadline: number,
): Promise<ApiToken> {
  return changeToken(context, organizationId, apiTokenId, deadline, async (before, version) => {
    const time = new Date();
    const expireTime = new Date(time.getTime() + overlapSeconds * 1000);
    // So a repeated request changes nothing.
    if (before.expireTime && before.expireTime <= expireTime) return before;
    const after = { ...before, expireTime };
    const event = apiTokenEvent({ type: EVENT_TYPES.tokenRotated, before, after, version, time, actor });
    return await context.storage.expire(organizationId, apiTokenId, expireTime, event, deadline);
  });
}

/**
 * Returns the effect of a request that issues a token. A repeated request needs the secret again, so it is stored with
 * the claim, encrypted.
 */
function issuing<T extends IssuedToken>(
  context: ApiTokenContext,
  { organizationId, requestId }: { organizationId: string; requestId?: string | undefined },
  issue: (claimed: Parameters<typeof issueToken>[2], deadline: number) => Promise<T>,
  complete: (issued: IssuedToken, deadline: number) => Promise<T>,
): Effect<T> {
  const { storage, sealer } = context;
  const purpose = `secret of request ${requestId} of ${organizationId}`;
  const secretOf = ({ sealedSecret }: Claim) => sealer.open(sealedSecret ?? '', purpose);
  return {
    make: (claim, deadline) => issue(claim ? { mark: claim.mark, secret: secretOf(claim) } : {}, deadline),
    again: async (claim, deadline) => {
      const apiToken = await findToken(context, organizationId, claim.mark, deadline);
      return await complete({ apiToken, secret: secretOf(claim) }, deadline);
    },
    wasCreated: ({ mark }, deadline) => storage.confirm(organizationId, mark, deadline),
    sealSecret: () => sealer.seal(randomUUID(), purpose),
  };
}

/** Revokes a token, unless it is revoked. Throws API_TOKEN_NOT_FOUND. */
function revokeToken(
  context: ApiTokenContext,
  organizationId: string,
  id: string,
  actor: Actor | undefined,
  deadline: number,
): Promise<ApiToken> {
  return changeToken(context, organizationId, id, deadline, async (before, version) => {
    if (before.revokeTime) return before;
    const time = new Date();
    const after = { ...before, revokeTime: time };
    const event = apiTokenEvent({ type: EVENT_TYPES.tokenRevoked, before, after, version, time, actor });
    return await context.storage.revoke(organizationId, id, time, event, deadline);
  });
}

/** Calls `change` with the token and the version that the change makes, until no concurrent write wins. */
function changeToken(
  { storage }: ApiTokenContext,
  organizationId: string,
  id: string,
  deadline: number,
  change: (before: ApiToken, version: number) => Promise<ApiToken | undefined>,
): Promise<ApiToken> {
  const attempt = async () => {
    const found = await storage.find(organizationId, id, deadline);
    if (found === null) throw tokenNotFound();
    return found && (await change(found.apiToken, found.version + 1));
  };
  return retryUntil(attempt, deadline);
}

/** Returns the live token with this digest, and its organization. Throws API_TOKEN_INVALID, FIELD_INVALID. */
async function verifyToken(
  { storage, organizations }: ApiTokenContext,
  organizationId: string,
  secretDigest: Uint8Array,
  deadline: number,
): Promise<{ apiToken: ApiToken; organization: Organization }> {
  if (secretDigest.length !== 32) throw invalidField('secret_digest', 'A SHA-256 digest has 32 bytes.');
  const digest = Buffer.from(secretDigest).toString('hex');
  const now = new Date();
  const [apiToken, organization] = await Promise.all([
    storage.findLive(organizationId, digest, now, deadline),
    organizations.find(organizationId, deadline),
  ]);
  if (!organization) throw invalidToken();
  if (!apiToken) throw invalidToken(await storage.findByDigest(organizationId, digest, deadline));
  if (now.getTime() - (apiToken.lastUseTime?.getTime() ?? 0) > USE_INTERVAL_MS) {
    // The token is valid even if the write of its last use fails.
    const useDeadline = Math.min(deadline, now.getTime() + USE_MS);
    await storage.use(organizationId, apiToken.id, now, useDeadline).catch(() => undefined);
  }
  return { apiToken, organization };
}

/** Creates the error for a token that is not live; `ended` is the token, if the organization has it. */
function invalidToken(ended?: ApiToken): DomainError {
  const endTime = ended?.revokeTime ?? ended?.expireTime;
  const state = {
    token_state: ended?.revokeTime ? 'revoked' : 'expired',
    token_end_time: endTime?.toISOString() ?? '',
  };
  const message = 'There is no such live API token.';
  const { ERROR_REASON_API_TOKEN_INVALID: reason } = ErrorReason;
  return new DomainError(reason, message, undefined, undefined, endTime && state);
}

/** Returns the token. Throws API_TOKEN_NOT_FOUND. */
async function findToken(
  { storage }: ApiTokenContext,
  organizationId: string,
  id: string,
  deadline: number,
): Promise<ApiToken> {
  const apiToken = await storage.get(organizationId, id, deadline);
  if (apiToken) return apiToken;
  throw tokenNotFound();
}

const tokenNotFound = () =>
  new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_NOT_FOUND, 'There is no such API token.');

/** The rules of API tokens. */
export type ApiTokenRules = ReturnType<typeof createApiTokenRules>;

/** Binds the rules to a context. */
export function createApiTokenRules(context: ApiTokenContext) {
  const { storage, organizations, once } = context;
  return {
    /** Issues a token. Throws as the contract's CreateApiToken says. */
    create(request: CreateApiTokenRequest, deadline: number): Promise<IssuedToken> {
      const effect = issuing(
        context,
        request,
        (claimed, until) => issueToken(context, request, claimed, until),
        async (issued) => issued,
      );
      return once(CreateApiTokenRequest, request, effect, deadline);
    },

    /** Issues the successor of a live token. Throws as the contract's RotateApiToken says. */
    rotate(request: RotateApiTokenRequest, deadline: number): Promise<RotatedToken> {
      const effect = issuing<RotatedToken>(
        context,
        request,
        (claimed, until) => rotateToken(context, request, claimed, until),
        async (issued, until) => ({ ...issued, replaced: await expireReplaced(context, request, until) }),
      );
      return once(RotateApiTokenRequest, request, effect, deadline);
    },

    /** Lists an organization's tokens, oldest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
    async list(organizationId: string, pageSize: number | undefined, pageToken: string | undefined, deadline: number) {
      const [after = ''] = recordPosition('api-tokens', pageToken) ?? [];
      await organizations.get(organizationId, deadline);
      const limit = pageSizeOf(pageSize, RECORD_PAGES);
      const { items, last } = pageOf(await storage.list(organizationId, after, limit + 1, deadline), limit);
      return { apiTokens: items, nextPageToken: recordToken('api-tokens', last && [last.id]) };
    },

    /** Revokes a token. A second call changes nothing. Throws API_TOKEN_NOT_FOUND. */
    revoke: (organizationId: string, id: string, actor: Actor | undefined, deadline: number): Promise<ApiToken> =>
      revokeToken(context, organizationId, id, actor, deadline),

    /** Returns the live token with this digest, and its organization. Throws API_TOKEN_INVALID, FIELD_INVALID. */
    verify: (organizationId: string, secretDigest: Uint8Array, deadline: number) =>
      verifyToken(context, organizationId, secretDigest, deadline),
  };
}

function checkSeconds(field: string, seconds: number, least: number, most: number): void {
  if (seconds < least || seconds > most) throw invalidField(field, `It must be between ${least} and ${most} seconds.`);
}

async function orLimitReached<T>(insert: Promise<T>): Promise<T> {
  try {
    return await insert;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'slot') throw error;
    const message = 'The organization has five live API tokens; revoke one of them first.';
    throw new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_LIMIT_REACHED, message);
  }
}
