/** Userstore as the commands see it: organizations and everything that belongs to them. */

import { countsOf } from '../../client/counts.js';
import type { ClientTls } from '../../client/credentials.js';
import { required } from '../../client/required.js';
import { followCertificates } from '../../config/certificates.js';
import { readServiceToken, serviceTokenFile } from '../../config/service-token-file.js';
import type { ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { type AdminClient, actor, createAdminClient, isStale } from './client.js';
import type { Config } from './config.js';
import { eventCalls } from './event-calls.js';
import { pages } from './pages.js';
import { serviceCalls } from './service-calls.js';
import { setupLinkCalls } from './setup-link-calls.js';
import { signInCalls } from './sign-in-calls.js';

/** Page size of lists of users and groups, the largest that userstore returns. */
const RESOURCES_PER_PAGE = 200;
/** Attempts to update an organization that other changes overtake. */
const MAX_ATTEMPTS = 10;

/** The form of ids of users and groups. */
export const UUID: RegExp = /^[\da-f]{8}-[\da-f-]{27}$/i;

/**
 * A connection to userstore. Every call has a deadline and throws an Error whose message is one sentence for a person.
 */
export type Userstore = ReturnType<typeof connect>;

/**
 * Connects to userstore at `address` with the certificate and the service token of the configuration. Throws an Error
 * that names the unusable file, or the places that were searched for a token.
 */
export async function connectAs(
  config: Pick<Config, 'adminToken' | 'dataDir' | 'userstoreTls' | 'userstoreTlsName'>,
  address: string,
): Promise<Userstore> {
  const certificates = config.userstoreTls && (await followCertificates(config.userstoreTls));
  return connect(address, await adminToken(config), { certificates, serverName: config.userstoreTlsName });
}

/**
 * Returns the configured token, else the one that userstore keeps in `dataDir`; undefined with a client certificate.
 */
async function adminToken({
  adminToken,
  dataDir,
  userstoreTls,
}: Pick<Config, 'adminToken' | 'dataDir' | 'userstoreTls'>): Promise<string | undefined> {
  if (adminToken !== undefined || userstoreTls?.cert) return adminToken;
  const stored = await readServiceToken(dataDir, 'admin');
  if (stored !== undefined) return stored;
  const file = serviceTokenFile(dataDir);
  throw new Error(`No service token: set ADMIN_TOKEN, or DATA_DIR to the folder of userstore; ${file} has none.`);
}

/** Connects, at the first call, to userstore at `address` ("host:port"). */
export function connect(address: string, serviceToken: string | undefined, tls: ClientTls = {}) {
  const client = createAdminClient(address, serviceToken, tls);
  return {
    ...organizationCalls(client),
    ...tokenCalls(client),
    ...userCalls(client),
    ...groupCalls(client),
    ...signInCalls(client),
    ...eventCalls(client),
    ...serviceCalls(client),
    ...setupLinkCalls(client),
    /** Returns a page of activities, newest first. */
    listActivities: (request: ListActivitiesRequest) => client.listActivities(request),
    /** Returns the bodies that are kept of a request. */
    getActivityBody: (organizationId: string, activityId: string) =>
      client.getActivityBody({ organizationId, activityId }),
    close(): void {
      tls.certificates?.close();
      client.close();
    },
  };
}

const organizationCalls = (client: AdminClient) => ({
  /** Creates an organization. */
  async createOrganization(displayName: string): Promise<Organization> {
    return required((await client.createOrganization({ actor: actor(), displayName })).organization);
  },
  /** Returns an organization. */
  async getOrganization(organizationId: string): Promise<Organization> {
    return required((await client.getOrganization({ organizationId })).organization);
  },
  /** Updates the fields that `change` returns for the current organization; retries if another change overtakes it. */
  async updateOrganization(
    organizationId: string,
    change: (organization: Organization) => Partial<Organization>,
  ): Promise<Organization> {
    for (let attempt = 1; ; attempt++) {
      const before = required((await client.getOrganization({ organizationId })).organization);
      const changed = change(before);
      const organization = { ...before, ...changed };
      const updateMask = Object.keys(changed).map(contractName);
      const request = { organizationId, actor: actor(), organization, updateMask, etag: before.etag };
      try {
        return required((await client.updateOrganization(request)).organization);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isStale(error)) throw error;
      }
    }
  },
  /** Keeps all bodies of an organization's requests for some seconds; 0 ends it. */
  async keepAllBodies(organizationId: string, seconds: number): Promise<Organization> {
    return required((await client.keepAllBodies({ organizationId, actor: actor(), seconds })).organization);
  },
  /** Returns all organizations, or those with this part of a name, oldest first. */
  async listOrganizations(name?: string): Promise<Organization[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listOrganizations({ name, pageSize, pageToken }),
      ({ organizations }) => organizations,
    );
    return items;
  },
  /** Deletes an organization with everything that belongs to it. */
  async deleteOrganization(organizationId: string): Promise<void> {
    await client.deleteOrganization({ organizationId, actor: actor() });
  },
});

/** Returns a field's name in the contract: "displayName" is "display_name". */
const contractName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const tokenCalls = (client: AdminClient) => ({
  /** Issues a token, which never expires without a lifetime. Only this call returns its secret, a UUID. */
  async issueToken(organizationId: string, label: string, lifetimeSeconds?: number) {
    const request = { organizationId, actor: actor(), label, lifetimeSeconds };
    const { apiToken, secret } = await client.createApiToken(request);
    return { apiToken: required(apiToken), secret };
  },
  /**
   * Issues a token that replaces another. The old token stays valid for `overlapSeconds`; without a lifetime the new
   * one expires when the old one would have.
   */
  async rotateToken(organizationId: string, apiTokenId: string, overlapSeconds: number, lifetimeSeconds?: number) {
    const request = { organizationId, actor: actor(), apiTokenId, overlapSeconds, lifetimeSeconds };
    const { apiToken, secret, replaced } = await client.rotateApiToken(request);
    return { apiToken: required(apiToken), secret, replaced: required(replaced) };
  },
  /** Returns all tokens of an organization, also revoked ones, oldest first. */
  async listTokens(organizationId: string): Promise<ApiToken[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listApiTokens({ organizationId, pageSize, pageToken }),
      ({ apiTokens }) => apiTokens,
    );
    return items;
  },
  /** Revokes a token permanently. */
  async revokeToken(organizationId: string, apiTokenId: string): Promise<ApiToken> {
    return required((await client.revokeApiToken({ organizationId, actor: actor(), apiTokenId })).apiToken);
  },
});

const userCalls = (client: AdminClient) => ({
  /** Counts the users and groups of an organization. */
  countsOf: (organizationId: string) => countsOf(client, organizationId),
  /** Returns at most `limit` users that match the filter, oldest first, and the number of all that do. */
  async listUsers(organizationId: string, filter: Filter | undefined, limit: number) {
    const { items, last } = await pages(
      (pageSize, pageToken) =>
        client.listUsers({ organizationId, filter, order: undefined, skip: 0, pageSize, pageToken }),
      ({ users }) => users,
      { limit, pageSize: RESOURCES_PER_PAGE },
    );
    return { users: items, totalSize: last.totalSize };
  },
  /** Returns a user and their linked identity. */
  async getUser(organizationId: string, userId: string) {
    const { user, linkedIdentity } = await client.getUser({ organizationId, userId });
    return { user: required(user), linkedIdentity };
  },
  /** Returns the newest changes of a user, newest first: at most 1000. */
  listChanges: (organizationId: string, userId: string, pageSize: number) =>
    client.listChanges({ organizationId, userId, pageSize }),
});

const groupCalls = (client: AdminClient) => ({
  /** Returns at most `limit` groups that match the filter, oldest first, and the number of all that do. */
  async listGroups(organizationId: string, filter: Filter | undefined, limit: number) {
    const { items, last } = await pages(
      (pageSize, pageToken) =>
        client.listGroups({ organizationId, filter, order: undefined, skip: 0, pageSize, pageToken }),
      ({ groups }) => groups,
      { limit, pageSize: RESOURCES_PER_PAGE },
    );
    return { groups: items, totalSize: last.totalSize };
  },
  /** Returns a group. */
  async getGroup(organizationId: string, groupId: string): Promise<Group> {
    return required((await client.getGroup({ organizationId, groupId })).group);
  },
  /** Returns at most `limit` members of a group, and whether these are all. */
  async listMembers(organizationId: string, groupId: string, limit?: number) {
    const { items, isAll } = await pages(
      (pageSize, pageToken) => client.listMemberships({ organizationId, groupIds: [groupId], pageSize, pageToken }),
      ({ memberships }) => memberships,
      limit === undefined ? {} : { limit },
    );
    return { members: items, isAll };
  },
  /** Returns the newest changes of a group, newest first: at most 1000. */
  listGroupChanges: (organizationId: string, groupId: string, pageSize: number) =>
    client.listChanges({ organizationId, userId: '', groupId, pageSize }),
});
