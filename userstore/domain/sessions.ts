/**
 * The rules of sessions. A session records the epochs of its user, organization and connection when it begins. Ending
 * all sessions of one of them increments its epoch in one write, so that no session has to be found to end.
 */
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  CheckSessionResponse,
  EndSessionsRequest,
  ListSessionsRequest,
  ListSessionsResponse,
  RevokeUserSessionsRequest,
  SignInRequest,
  SignInResponse,
  SignOutResponse,
} from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { pageOf, pageSizeOf, RECORD_PAGES, recordPosition, recordToken } from '../model/paging.js';
import type { OrganizationAccess, OrganizationStorage } from '../storage/organizations.js';
import type { SessionStorage, StoredSession } from '../storage/sessions.js';
import type { SsoConnectionStorage } from '../storage/sso-connections.js';
import { digestOf } from './credentials.js';
import { organizationRefusal } from './may-sign-in.js';
import { type OrganizationRules, organizationNotFound } from './organizations.js';
import { namedUsers } from './provider-names.js';
import type { Sealer } from './sealing.js';
import { endOf, idTokenOf, type Lifetimes, sealIdToken, toSession } from './session-state.js';
import { checkClaims, type SignInContext, signedIn } from './sign-in.js';
import { connectionNotFound } from './sso-connections.js';

const TOKEN = /^[\w-]{43}$/;
const TOKEN_BYTES = 32;
/** In characters; a larger ID token is not stored. */
const MAX_ID_TOKEN = 8192;
/** The least time between two writes of a session's last use. */
const USE_INTERVAL_MS = 60_000;

/** The storages and rules that the rules of sessions need. `deadline` is in epoch milliseconds everywhere. */
export interface SessionContext extends SignInContext {
  storage: SessionStorage;
  organizations: OrganizationStorage;
  organizationRules: Pick<OrganizationRules, 'endSessions'>;
  ssoConnections: SsoConnectionStorage;
  sealer: Sealer;
  lifetimes: Lifetimes;
  /** The clock, in epoch milliseconds. */
  now: () => number;
}

/** Begins a session. Throws as the contract's SignIn says. */
async function signIn(context: SessionContext, request: SignInRequest, deadline: number): Promise<SignInResponse> {
  checkClaims(request);
  const { organizationId, issuer, idToken, actor } = request;
  // The epochs are read first: whatever ends sessions from now on ends this one, too.
  const organization = await accessOf(context, organizationId, deadline);
  const refusal = organizationRefusal(organization);
  if (refusal) throw refusal;
  const connection = await context.ssoConnections.get(organizationId, deadline);
  if (connection?.connection.issuer !== issuer) throw connectionNotFound();
  const { found, linked } = await signedIn(context, request, deadline);

  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const createTime = new Date(context.now());
  const id = uuidv7({ msecs: createTime.getTime() });
  const isStored = idToken !== undefined && idToken !== '' && idToken.length <= MAX_ID_TOKEN;
  const stored: StoredSession = {
    _id: id,
    organizationId,
    userId: found.user.id,
    digest: digestOf(token),
    userEpoch: found.accessState.sessionEpoch,
    organizationEpoch: organization.sessionEpoch,
    connectionEpoch: connection.sessionEpoch,
    createTime,
    lastUseTime: createTime,
    expireTime: new Date(createTime.getTime() + context.lifetimes.maxMs),
    signInId: actor?.requestId ?? '',
    ...(isStored ? { sealedIdToken: sealIdToken(context.sealer, idToken, id, organizationId) } : {}),
  };
  await context.storage.insert(stored, deadline);
  const session = toSession(stored, context.lifetimes, found.user.userName);
  return { sessionToken: token, session, user: found.user, linked };
}

/** Returns the live session with this token and its user. Throws as the contract's CheckSession says. */
async function checkSession(
  context: SessionContext,
  token: string,
  deadline: number,
  organizationIds: readonly string[] | undefined,
): Promise<CheckSessionResponse> {
  const { storage, lifetimes } = context;
  const session = TOKEN.test(token) ? await storage.find(digestOf(token), deadline) : undefined;
  if (!session) throw sessionNotFound();
  const { organizationId, userId } = session;
  if (organizationIds && !organizationIds.includes(organizationId)) throw sessionNotFound();
  const [organization, connection, found] = await Promise.all([
    context.organizations.access(organizationId, deadline),
    context.ssoConnections.get(organizationId, deadline),
    context.users.find(organizationId, userId, deadline),
  ]);
  const end = endOf(session, { organization, connection, found }, lifetimes, context.now());
  if (end) throw end;
  const time = new Date(context.now());
  // A session in constant use must not seem idle, however short the idle time is.
  const interval = Math.min(USE_INTERVAL_MS, lifetimes.idleMs / 4);
  if (time.getTime() - session.lastUseTime.getTime() >= interval) {
    // The session is live even if the write of its last use fails.
    await storage.use(session, time, deadline).catch(() => undefined);
    session.lastUseTime = time;
  }
  return { user: found?.user, session: toSession(session, lifetimes, found?.user.userName) };
}

/** Lists live sessions, oldest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
async function listSessions(
  context: SessionContext,
  { organizationId, userId, pageSize, pageToken }: ListSessionsRequest,
  deadline: number,
): Promise<ListSessionsResponse> {
  const { storage, lifetimes } = context;
  const [after = ''] = recordPosition('sessions', pageToken) ?? [];
  const limit = pageSizeOf(pageSize, RECORD_PAGES);
  const organization = await accessOf(context, organizationId, deadline);
  const now = context.now();
  const alive = { now: new Date(now), usedSince: new Date(now - lifetimes.idleMs) };
  const { items, last } = pageOf(
    await storage.list({ organizationId, userId }, alive, after, limit + 1, deadline),
    limit,
  );
  const ids = [...new Set(items.map((session) => session.userId))];
  const [connection, users] = await Promise.all([
    context.ssoConnections.get(organizationId, deadline),
    context.users.accessStates(organizationId, ids, deadline),
  ]);
  const live = items.filter((session) => {
    const owners = { organization, connection, found: users.get(session.userId) };
    return endOf(session, owners, lifetimes, context.now()) === undefined;
  });
  return {
    sessions: live.map((session) => toSession(session, lifetimes, users.get(session.userId)?.user.userName)),
    nextPageToken: recordToken('sessions', last && [last._id]),
  };
}

/** Ends one session, those of a user, or all. Throws as the contract's EndSessions says. */
async function endSessions(
  context: SessionContext,
  { organizationId, which, actor }: EndSessionsRequest,
  deadline: number,
): Promise<void> {
  await accessOf(context, organizationId, deadline);
  if (which?.$case === 'sessionId') {
    if (!(await context.storage.remove(organizationId, which.value, deadline))) throw sessionNotFound();
  } else if (which?.$case === 'userId') {
    await context.accessStates.endSessions({ organizationId, userId: which.value }, actor, deadline);
  } else if (which?.value) {
    await context.organizationRules.endSessions(organizationId, actor, deadline);
  } else throw invalidField('which', 'The request does not say which sessions to end.');
}

/** The rules of sessions. */
export type SessionRules = ReturnType<typeof createSessionRules>;

/** Binds the rules to a context. */
export function createSessionRules({ now = Date.now, ...tools }: Omit<SessionContext, 'now'> & { now?: () => number }) {
  const context = { ...tools, now };
  const { storage, users, accessStates, sealer, lifetimes } = context;
  return {
    /** Begins a session. Throws as the contract's SignIn says. */
    signIn: (request: SignInRequest, deadline: number): Promise<SignInResponse> => signIn(context, request, deadline),

    /**
     * Returns the live session with this token, in one of the organizations if they are given, and its user. Throws as
     * the contract's CheckSession says.
     */
    check: (token: string, deadline: number, organizationIds?: readonly string[]): Promise<CheckSessionResponse> =>
      checkSession(context, token, deadline, organizationIds),

    /** Ends the session with this token, if there is one. */
    async signOut(token: string, deadline: number): Promise<SignOutResponse> {
      const session = TOKEN.test(token) ? await storage.take(digestOf(token), deadline) : undefined;
      if (!session) return { session: undefined };
      return { session: toSession(session, lifetimes), idToken: idTokenOf(sealer, session) };
    },

    /** Lists live sessions, oldest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
    list: (request: ListSessionsRequest, deadline: number): Promise<ListSessionsResponse> =>
      listSessions(context, request, deadline),

    /** Ends one session, those of a user, or all. Throws as the contract's EndSessions says. */
    end: (request: EndSessionsRequest, deadline: number): Promise<void> => endSessions(context, request, deadline),

    /**
     * Ends all sessions of the users that the identity provider names. Returns the id of the first user. Throws as the
     * contract's RevokeUserSessions says.
     */
    async revoke({ organizationId, user, actor }: RevokeUserSessionsRequest, deadline: number): Promise<string> {
      await accessOf(context, organizationId, deadline);
      const userIds = await namedUsers(users, organizationId, user, deadline);
      for (const userId of userIds) await accessStates.endSessions({ organizationId, userId }, actor, deadline);
      return userIds[0];
    },
  };
}

async function accessOf(
  { organizations }: SessionContext,
  organizationId: string,
  deadline: number,
): Promise<OrganizationAccess> {
  const access = await organizations.access(organizationId, deadline);
  if (!access) throw organizationNotFound();
  return access;
}

const sessionNotFound = () => new DomainError(ErrorReason.ERROR_REASON_SESSION_NOT_FOUND, 'There is no such session.');
