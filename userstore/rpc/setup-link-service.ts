/** The RPCs of SetupLinkService. */
import type { SetupLinkServiceService } from '../../proto/gen/userstore/v1/setup_link_service.js';
import type { SetupRules } from '../domain/setup.js';
import type { SetupLinkRules } from '../domain/setup-links.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of SetupLinkService. */
export function setupLinkService(links: SetupLinkRules, setup: SetupRules): Handlers<SetupLinkServiceService> {
  return {
    createSetupLink: (request, deadline) => links.create(request, deadline),
    listSetupLinks: (request, deadline) => links.list(request, deadline),
    revokeSetupLink: async (request, deadline) => ({ setupLink: await links.revoke(request, deadline) }),
    openSetupLink: (request, deadline) => setup.open(request, deadline),
    issueSetupToken: (request, deadline) => setup.issueToken(request, deadline),
    setSetupConnection: async (request, deadline) => ({ ssoConnection: await setup.setConnection(request, deadline) }),
  };
}
