/** The calls of commands about sign-in: SSO connections, sessions, locks and linked identities. */

import { required } from '../../client/required.js';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { type AdminClient, actor, orUndefined } from './client.js';
import { pages } from './pages.js';

/** The sessions to end: one, those of a user, or all. */
export type SessionChoice = { sessionId: string } | { userId: string } | 'all';

/** The changes to an SSO connection. Omitted settings keep their values. */
export type ConnectionChange = Partial<Pick<SsoConnection, 'issuer' | 'clientId' | 'domains' | 'required'>>;

const NEW_CONNECTION = {
  issuer: '',
  clientId: '',
  domains: [],
  createTime: undefined,
  updateTime: undefined,
  etag: '',
};

/** Creates the calls about sign-in over a client. */
export const signInCalls = (client: AdminClient) => ({
  /** Returns the SSO connection of an organization. */
  async getSsoConnection(organizationId: string): Promise<SsoConnection> {
    return required((await client.getSsoConnection({ organizationId })).connection);
  },
  /** Returns the id of the organization that has this e-mail domain; undefined if none has that the caller may see. */
  async organizationIdOfDomain(domain: string): Promise<string | undefined> {
    const request = { key: { $case: 'domain', value: domain } } as const;
    const found = await orUndefined(client.findSsoConnections(request), 'CALLER_FORBIDDEN');
    if (found) return found.connections[0]?.connection?.organizationId;
    // Without the right to read client secrets: the organizations of a search, by their connections.
    const search = await orUndefined(client.search({ text: domain }), 'CALLER_FORBIDDEN');
    for (const { id: organizationId } of search?.organizations ?? []) {
      const answer = await orUndefined(client.getSsoConnection({ organizationId }), 'SSO_CONNECTION_NOT_FOUND');
      if (answer?.connection?.domains.includes(domain)) return organizationId;
    }
    return undefined;
  },
  /** Returns the SSO connection of an organization with its client secret. */
  async getUsableSsoConnection(organizationId: string) {
    await client.getSsoConnection({ organizationId });
    const { connections } = await client.findSsoConnections({
      key: { $case: 'organizationId', value: organizationId },
    });
    const { connection, clientSecret } = required(connections[0]);
    return { connection: required(connection), clientSecret };
  },
  /** Creates a connection, or updates the one that was read `before`; fails if it has changed since. */
  async setSsoConnection(
    organizationId: string,
    before: SsoConnection | undefined,
    change: ConnectionChange,
    clientSecret: string | undefined,
  ): Promise<SsoConnection> {
    const connection = { ...NEW_CONNECTION, ...before, ...change, organizationId };
    const request = { organizationId, actor: actor(), connection, clientSecret, etag: before?.etag };
    return required((await client.setSsoConnection(request)).connection);
  },
  /** Deletes the SSO connection of an organization, which ends all its sessions. */
  async deleteSsoConnection(organizationId: string): Promise<void> {
    await client.deleteSsoConnection({ organizationId, actor: actor() });
  },
  /** Returns the live sessions of an organization, or of one user, oldest first. */
  async listSessions(organizationId: string, userId?: string): Promise<Session[]> {
    const { items } = await pages(
      (pageSize, pageToken) => client.listSessions({ organizationId, userId, pageSize, pageToken }),
      ({ sessions }) => sessions,
    );
    return items;
  },
  /** Ends sessions. */
  async endSessions(organizationId: string, choice: SessionChoice): Promise<void> {
    await client.endSessions({ organizationId, actor: actor(), which: whichOf(choice) });
  },
  /** Locks a user, which ends their sessions. */
  async lockUser(organizationId: string, userId: string, reason: string): Promise<User> {
    return required((await client.lockUser({ organizationId, actor: actor(), userId, reason })).user);
  },
  /** Unlocks a user. */
  async unlockUser(organizationId: string, userId: string): Promise<User> {
    return required((await client.unlockUser({ organizationId, actor: actor(), userId })).user);
  },
  /** Removes the linked identity of a user. */
  async unlinkUser(organizationId: string, userId: string): Promise<User> {
    return required((await client.unlinkUser({ organizationId, actor: actor(), userId })).user);
  },
});

function whichOf(choice: SessionChoice) {
  if (choice === 'all') return { $case: 'allUsers', value: true } as const;
  if ('userId' in choice) return { $case: 'userId', value: choice.userId } as const;
  return { $case: 'sessionId', value: choice.sessionId } as const;
}
