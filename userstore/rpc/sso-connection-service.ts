/** The RPCs of SsoConnectionService. */
import type { SsoConnectionServiceService } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { SsoConnectionRules } from '../domain/sso-connections.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of SsoConnectionService. */
export function ssoConnectionService(connections: SsoConnectionRules): Handlers<SsoConnectionServiceService> {
  return {
    setSsoConnection: async (request, deadline) => ({ connection: await connections.set(request, deadline) }),
    getSsoConnection: async ({ organizationId }, deadline) => ({
      connection: await connections.get(organizationId, deadline),
    }),
    async deleteSsoConnection(request, deadline) {
      await connections.delete(request, deadline);
      return {};
    },
    findSsoConnections: async (request, deadline) => ({ connections: await connections.find(request, deadline) }),
  };
}
