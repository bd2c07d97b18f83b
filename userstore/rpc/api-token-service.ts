/** The RPCs of ApiTokenService. */
import type { ApiTokenServiceService } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { ApiTokenRules } from '../domain/api-tokens.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of ApiTokenService. */
export function apiTokenService(apiTokens: ApiTokenRules): Handlers<ApiTokenServiceService> {
  return {
    createApiToken: (request, deadline) => apiTokens.create(request, deadline),
    rotateApiToken: (request, deadline) => apiTokens.rotate(request, deadline),
    listApiTokens: ({ organizationId, pageSize, pageToken }, deadline) =>
      apiTokens.list(organizationId, pageSize, pageToken, deadline),
    revokeApiToken: async ({ organizationId, apiTokenId, actor }, deadline) => ({
      apiToken: await apiTokens.revoke(organizationId, apiTokenId, actor, deadline),
    }),
    verifyApiToken: ({ organizationId, secretDigest }, deadline) =>
      apiTokens.verify(organizationId, secretDigest, deadline),
  };
}
