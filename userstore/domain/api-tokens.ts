/** The rules of API tokens. A secret is 122 random bits, so a fast digest keeps it as safe as a slow one would. */
import { createHash, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { ApiTokenStorage } from '../storage/api-tokens.js';
import { DomainError, invalidField } from './errors.js';
import { checkLabel, type Organizations, pageSizeOf } from './organizations.js';

/** The rules over a storage. */
export type ApiTokens = ReturnType<typeof apiTokens>;

/** Binds the rules to where API tokens are stored. `deadline` is in epoch milliseconds. */
export function apiTokens(storage: ApiTokenStorage, organizations: Organizations) {
  return {
    /** Issues a token; `secret` exists in this answer only. Throws ORGANIZATION_NOT_FOUND, FIELD_INVALID. */
    async create(organizationId: string, label: string, deadline: number) {
      checkLabel('label', label);
      await organizations.get(organizationId, deadline);
      const secret = randomUUID();
      const createTime = new Date();
      const id = uuidv7({ msecs: createTime.getTime() });
      const apiToken: ApiToken = { id, organizationId, label, createTime, revokeTime: undefined };
      await storage.insert(apiToken, createHash('sha256').update(secret).digest('hex'), deadline);
      return { apiToken, secret };
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
      const apiToken = await storage.revoke(organizationId, id, new Date(), deadline);
      if (apiToken) return apiToken;
      throw new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_NOT_FOUND, 'There is no such API token.');
    },

    /** The live token with this digest, and its organization. Throws API_TOKEN_INVALID, FIELD_INVALID. */
    async verify(organizationId: string, secretDigest: Uint8Array, deadline: number) {
      if (secretDigest.length !== 32) throw invalidField('secret_digest', 'A SHA-256 digest has 32 bytes.');
      const apiToken = await storage.findLive(organizationId, Buffer.from(secretDigest).toString('hex'), deadline);
      if (apiToken) return { apiToken, organization: await organizations.get(organizationId, deadline) };
      throw new DomainError(ErrorReason.ERROR_REASON_API_TOKEN_INVALID, 'There is no such live API token.');
    },
  };
}
