/** The RPCs of OrganizationService. */
import type { OrganizationServiceService } from '../../proto/gen/userstore/v1/organization_service.js';
import type { OrganizationRules } from '../domain/organizations.js';
import { invalidField } from '../model/domain-error.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of OrganizationService. */
export function organizationService(organizations: OrganizationRules): Handlers<OrganizationServiceService> {
  return {
    createOrganization: async ({ displayName, actor }, deadline) => ({
      organization: await organizations.create(displayName, actor, deadline),
    }),
    getOrganization: async ({ organizationId }, deadline) => ({
      organization: await organizations.get(organizationId, deadline),
    }),
    async updateOrganization({ organizationId, organization: given, updateMask = [], etag, actor }, deadline) {
      if (!given) throw invalidField('organization', 'The request has no organization.');
      return { organization: await organizations.update(organizationId, given, updateMask, etag, actor, deadline) };
    },
    async deleteOrganization({ organizationId, actor }, deadline) {
      await organizations.delete(organizationId, actor, deadline);
      return {};
    },
    listOrganizations: (request, deadline, { organizationIds }) =>
      organizations.list(request, deadline, organizationIds),
  };
}
