/** The calls of commands that are about signing in: connections, sessions, locks. */
import type { Channel } from '../../config/grpc-credentials.js';
import { type Session, SessionServiceClient } from '../../proto/gen/userstore/v1/session_service.js';
import { type SsoConnection, SsoConnectionServiceClient } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { actor, type Call, MOST_PAGES, PAGE_SIZE, required } from './userstore.js';

/** Which sessions to end. */
export type Which = { sessionId: string } | { userId: string } | 'all';

/** What of a connection is to be set; what is left out stays as it is. */
export type ConnectionChange = Partial<Pick<SsoConnection, 'issuer' | 'clientId' | 'domains' | 'required'>>;

/** The calls over a channel to the userstore at `address`; `call` makes one of them. */
export function accessCalls(address: string, { credentials, options }: Channel, call: Call) {
  const connections = new SsoConnectionServiceClient(address, credentials, options);
  const sessions = new SessionServiceClient(address, credentials, options);

  return {
    /** The SSO connection of an organization. */
    async getSsoConnection(organizationId: string): Promise<SsoConnection> {
      return required((await call(connections.getSsoConnection.bind(connections), { organizationId })).connection);
    },
    /** Sets up a connection, or changes that which was read before if nobody else has meanwhile. */
    async setSsoConnection(
      organizationId: string,
      before: SsoConnection | undefined,
      change: ConnectionChange,
      clientSecret: string | undefined,
    ): Promise<SsoConnection> {
      const connection: SsoConnection = {
        issuer: '',
        clientId: '',
        domains: [],
        createTime: undefined,
        updateTime: undefined,
        etag: '',
        ...before,
        ...change,
        organizationId,
      };
      const request = { organizationId, actor: actor(), connection, clientSecret, etag: before?.etag };
      return required((await call(connections.setSsoConnection.bind(connections), request)).connection);
    },
    /** Removes the connection of an organization, which ends all its sessions. */
    async deleteSsoConnection(organizationId: string): Promise<void> {
      await call(connections.deleteSsoConnection.bind(connections), { organizationId, actor: actor() });
    },
    /** The live sessions of an organization, or of one user, oldest first. */
    async listSessions(organizationId: string, userId?: string): Promise<Session[]> {
      const found: Session[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const request = { organizationId, userId, pageSize: PAGE_SIZE, pageToken };
        const answer = await call(sessions.listSessions.bind(sessions), request);
        found.push(...answer.sessions);
        pageToken = answer.nextPageToken;
        if (pageToken === undefined) break;
      }
      return found;
    },
    /** Ends sessions. */
    async endSessions(organizationId: string, which: Which): Promise<void> {
      await call(sessions.endSessions.bind(sessions), { organizationId, actor: actor(), which: choiceOf(which) });
    },
    /** Locks a user out. */
    async lockUser(organizationId: string, userId: string, reason: string): Promise<User> {
      const method = sessions.lockUser.bind(sessions);
      return required((await call(method, { organizationId, actor: actor(), userId, reason })).user);
    },
    /** Lifts the lock of a user. */
    async unlockUser(organizationId: string, userId: string): Promise<User> {
      const method = sessions.unlockUser.bind(sessions);
      return required((await call(method, { organizationId, actor: actor(), userId })).user);
    },
    /** Forgets whom a user signs in as. */
    async unlinkUser(organizationId: string, userId: string): Promise<User> {
      const method = sessions.unlinkUser.bind(sessions);
      return required((await call(method, { organizationId, actor: actor(), userId })).user);
    },
    closeAccess(): void {
      connections.close();
      sessions.close();
    },
  };
}

function choiceOf(which: Which) {
  if (which === 'all') return { $case: 'allUsers', value: true } as const;
  if ('userId' in which) return { $case: 'userId', value: which.userId } as const;
  return { $case: 'sessionId', value: which.sessionId } as const;
}
