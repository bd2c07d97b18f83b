/** The calls of commands about setup links. */

import { required } from '../../client/required.js';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { type AdminClient, actor } from './client.js';
import { pages } from './pages.js';

/** Creates the calls about setup links over a client. */
export const setupLinkCalls = (client: AdminClient) => ({
  /** Creates a link. Only this call returns its secret. */
  async createSetupLink(organizationId: string, recipient: string, days: number, domains: string[]) {
    const created = await client.createSetupLink({ organizationId, actor: actor(), recipient, days, domains });
    return { link: required(created.setupLink), secret: created.secret };
  },
  /** Returns all links of an organization, oldest first. */
  async listSetupLinks(organizationId: string): Promise<SetupLink[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listSetupLinks({ organizationId, pageSize, pageToken }),
      ({ setupLinks }) => setupLinks,
    );
    return items;
  },
  /** Revokes a link. */
  async revokeSetupLink(organizationId: string, setupLinkId: string): Promise<SetupLink> {
    return required((await client.revokeSetupLink({ organizationId, actor: actor(), setupLinkId })).setupLink);
  },
});
