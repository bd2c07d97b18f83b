/** The rules of API tokens. A secret is 122 random bits, so a fast digest keeps it as safe as a slow one would. */
import { createHash, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { ApiTokenStorage } from '../storage/api-tokens.js';
import { DuplicateKeyError } from '../storage/database-errors.js';
import { checkLabel, type OrganizationRules, pageSizeOf } from './organizations.js';

/** In seconds: ten years. */
const MAX_LIFETIME = 315_360_000;
/** In seconds: thirty days. */
const MAX_OVERLAP = 2_592_000;
/** A token's last use is noted no more often, in milliseconds. */
const USE_INTERVAL = 5 * 60_000;
/** As long noting it may take, in milliseconds. */
const USE_MS = 500;

/** The rules over a storage. */
export type ApiTokenRules = ReturnType<typeof createApiTokenRules>;

/** Binds the rules to where API tokens are stored. `deadline` is in epoch milliseconds. */
export function createApiTokenRules(storage: ApiTokenStorage, organizations: OrganizationRules) {
  const existing = async (organizationId: string, id: string, deadline: number): Promise<ApiToken> => {
    const apiToken = await storage.get(organizationId, id, deadline);
    if (apiToken) return apiToken;
    throw new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_NOT_FOUND, 'There is no such API token.');
  };

  return {
    /**
     * Issues a token, valid for `lifetime` seconds where one is given; `secret` exists in this answer only. Throws
     * ORGANIZATION_NOT_FOUND, FIELD_INVALID, API_TOKEN_LIMIT_REACHED.
     */
    async create(
      organizationId: string,
      label: string,
      actor: Actor | undefined,
      lifetime: number | undefined,
      deadline: number,
    ) {
      checkLabel('label', label);
      if (lifetime !== undefined) checkSeconds('lifetime_seconds', lifetime, 60, MAX_LIFETIME);
      await organizations.get(organizationId, deadline);
      const secret = randomUUID();
      const createTime = new Date();
      const id = uuidv7({ msecs: createTime.getTime() });
      const expireTime = lifetime === undefined ? undefined : new Date(createTime.getTime() + lifetime * 1000);
      const createdBy = [actor?.caller, actor?.person?.slice(0, 200)].filter(Boolean).join('/');
      const unused = { revokeTime: undefined, lastUseTime: undefined };
      const valid = { createTime, expireTime, lifetimeSeconds: lifetime };
      const apiToken: ApiToken = { id, organizationId, label, createdBy, ...valid, ...unused };
      await orLimitReached(storage.insert(apiToken, createHash('sha256').update(secret).digest('hex'), deadline));
      return { apiToken, secret };
    },

    /**
     * Issues a token in the place of a live one, which stays valid for `overlap` seconds; valid for `lifetime` seconds,
     * or as the other was issued for. Throws API_TOKEN_NOT_FOUND, FIELD_INVALID, API_TOKEN_LIMIT_REACHED.
     */
    async rotate(
      organizationId: string,
      id: string,
      overlap: number,
      actor: Actor | undefined,
      lifetime: number | undefined,
      deadline: number,
    ) {
      checkSeconds('overlap_seconds', overlap, 0, MAX_OVERLAP);
      const replaced = await existing(organizationId, id, deadline);
      if (replaced.revokeTime || (replaced.expireTime && replaced.expireTime <= new Date())) {
        throw invalidField('api_token_id', 'The token is no longer valid; issue a new one instead.');
      }
      // The new one first: if this ends half-way, there is a token too many, and none too few.
      const issued = await this.create(
        organizationId,
        replaced.label,
        actor,
        lifetime ?? replaced.lifetimeSeconds,
        deadline,
      );
      await storage.expire(organizationId, id, new Date(Date.now() + overlap * 1000), deadline);
      return { ...issued, replaced: await existing(organizationId, id, deadline) };
    },

    /** A page of an organization's tokens, oldest first. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID. */
    async list(organizationId: string, size: number | undefined, pageToken = '', deadline: number) {
      // The page token is the id of the last token shown.
      if (!/^[\da-f-]{0,36}$/.test(pageToken)) throw invalidField('page_token', 'The page token is not one of ours.');
      await organizations.get(organizationId, deadline);
      const limit = pageSizeOf(size);
      const found = await storage.list(organizationId, pageToken, limit + 1, deadline);
      const page = found.slice(0, limit);
      return { apiTokens: page, nextPageToken: found.length > limit ? page.at(-1)?.id : undefined };
    },

    /** Ends a token; ending it again changes nothing. Throws API_TOKEN_NOT_FOUND. */
    async revoke(organizationId: string, id: string, deadline: number): Promise<ApiToken> {
      return (await storage.revoke(organizationId, id, new Date(), deadline)) ?? existing(organizationId, id, deadline);
    },

    /** The live token with this digest, and its organization. Throws API_TOKEN_INVALID, FIELD_INVALID. */
    async verify(organizationId: string, secretDigest: Uint8Array, deadline: number) {
      if (secretDigest.length !== 32) throw invalidField('secret_digest', 'A SHA-256 digest has 32 bytes.');
      const digest = Buffer.from(secretDigest).toString('hex');
      const now = new Date();
      const [apiToken, organization] = await Promise.all([
        storage.findLive(organizationId, digest, now, deadline),
        organizations.find(organizationId, deadline),
      ]);
      if (!apiToken || !organization) {
        throw new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_INVALID, 'There is no such live API token.');
      }
      if (now.getTime() - (apiToken.lastUseTime?.getTime() ?? 0) > USE_INTERVAL) {
        // Whether it can be noted does not decide whether the token is valid, nor hold up the answer for long.
        const soon = Math.min(deadline, now.getTime() + USE_MS);
        await storage.use(organizationId, apiToken.id, now, soon).catch(() => undefined);
      }
      return { apiToken, organization };
    },
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
