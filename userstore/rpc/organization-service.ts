/** The RPCs of OrganizationService. */
import type { OrganizationServiceService } from '../../proto/gen/userstore/v1/organization_service.js';
import { KeptBodies } from '../../proto/gen/userstore/v1/organization_service.js';
import type { BodyRules } from '../domain/bodies.js';
import type { OrganizationRules } from '../domain/organizations.js';
import { invalidField } from '../model/domain-error.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of OrganizationService. */
export function organizationService(
  organizations: OrganizationRules,
  bodies: BodyRules,
): Handlers<OrganizationServiceService> {
  return {
    createOrganization: async ({ displayName, actor }, deadline) => ({
      organization: await organizations.create(displayName, actor, deadline),
    }),
    getOrganization: async ({ organizationId }, deadline) => ({
      organization: await organizations.get(organizationId, deadline),
    }),
    async updateOrganization({ organizationId, organization: given, updateMask = [], etag, actor }, deadline) {
      if (!given) throw invalidField('organization', 'The request has no organization.');
      const organization = await organizations.update(organizationId, given, updateMask, etag, actor, deadline);
      // Who keeps none keeps no earlier ones; a repeated call deletes what a failed one left.
      if (organization.keptBodies === KeptBodies.KEPT_BODIES_NONE) await bodies.removeAll(organizationId, deadline);
      return { organization };
    },
    keepAllBodies: async ({ organizationId, seconds, actor }, deadline) => ({
      organization: await organizations.keepAllBodies(organizationId, seconds, actor, deadline),
    }),
    async deleteOrganization({ organizationId, actor }, deadline) {
      await organizations.delete(organizationId, actor, deadline);
      return {};
    },
    listOrganizations: (request, deadline, { organizationIds }) =>
      organizations.list(request, deadline, organizationIds),
  };
}
