/** The calls of commands about service accounts. */

import { required } from '../../client/required.js';
import { type Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { type AdminClient, actor } from './client.js';
import { pages } from './pages.js';

/** Creates the calls about service accounts over a client. */
export const serviceCalls = (client: AdminClient) => ({
  /** Creates an account, held to organizations if there are any. Only this call and a rotation return a secret. */
  async createServiceAccount(name: string, role: Role, organizationIds: string[]) {
    const serviceAccount = ServiceAccount.fromPartial({ name, role, organizationIds });
    const created = await client.createServiceAccount({ actor: actor(), serviceAccount });
    return { account: required(created.serviceAccount), secret: created.secret };
  },
  /** Returns all accounts, oldest first. */
  async listServiceAccounts(): Promise<ServiceAccount[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listServiceAccounts({ pageSize, pageToken }),
      ({ serviceAccounts }) => serviceAccounts,
    );
    return items;
  },
  /** Replaces the secret of an account; the previous one stays valid for `overlapSeconds`. */
  async rotateServiceAccountSecret(serviceAccountId: string, overlapSeconds: number) {
    const request = { actor: actor(), serviceAccountId, overlapSeconds };
    const rotated = await client.rotateServiceAccountSecret(request);
    return { account: required(rotated.serviceAccount), secret: rotated.secret };
  },
  /** Deletes an account. */
  async deleteServiceAccount(serviceAccountId: string): Promise<void> {
    await client.deleteServiceAccount({ actor: actor(), serviceAccountId });
  },
});
