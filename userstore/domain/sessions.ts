/**
 * The rules of sessions. A session notes the epochs of its user, its organization and the connection at its beginning;
 * what ends all sessions of one of them changes the epoch in the write that it is, so no session needs to be found to
 * be over.
 */
import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type {
  CheckSessionResponse,
  EndSessionsRequest,
  ListSessionsRequest,
  RevokeUserSessionsRequest,
  Session,
  SignInRequest,
  SignInResponse,
  SignOutResponse,
} from '../../proto/gen/userstore/v1/session_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { OrganizationAccess, OrganizationStorage } from '../storage/organizations.js';
import type { SessionStorage, StoredSession } from '../storage/sessions.js';
import type { FoundConnection, SsoConnectionStorage } from '../storage/sso-connections.js';
import type { FoundUser, UserStorage } from '../storage/users.js';
import type { AccessStateRules } from './access-state.js';
import { organizationNotFound, pageSizeOf, pageTokenInvalid } from './organizations.js';
import { namedUsers } from './provider-names.js';
import type { SerializedRetry } from './retry.js';
import type { Sealer } from './sealing.js';
import { checkClaims, refusalOf, signedIn } from './sign-in.js';
import { connectionNotFound } from './sso-connections.js';

const TOKEN = /^[\w-]{43}$/;
const TOKEN_BYTES = 32;
/** In characters; a larger ID token is not kept. */
const MAX_ID_TOKEN = 8192;
/** A session's last use is noted no more often, in milliseconds. */
const USE_INTERVAL = 60_000;

/** How long sessions last, in milliseconds. */
export interface Lifetimes {
  /** Unless they are used. */
  idleMs: number;
  /** In any case. */
  maxMs: number;
}

/** What the rules work with. */
export interface SessionDependencies {
  users: UserStorage;
  organizations: OrganizationStorage;
  ssoConnections: SsoConnectionStorage;
  accounts: AccessStateRules;
  untilDone: SerializedRetry;
  sealer: Sealer;
  lifetimes: Lifetimes;
  now?: () => number;
}

/** The rules over their storages. */
export type SessionRules = ReturnType<typeof createSessionRules>;

/** Binds the rules to where sessions are stored. `deadline` is in epoch milliseconds everywhere. */
export function createSessionRules(storage: SessionStorage, tools: SessionDependencies) {
  const { users, organizations, ssoConnections, accounts, untilDone, sealer, lifetimes, now = Date.now } = tools;
  // What is used all the time must not seem unused, however short the time allowed is.
  const useInterval = Math.min(USE_INTERVAL, lifetimes.idleMs / 4);

  const standingOf = async (organizationId: string, deadline: number): Promise<OrganizationAccess> => {
    const standing = await organizations.access(organizationId, deadline);
    if (!standing) throw organizationNotFound();
    return standing;
  };

  const idleEnd = ({ lastUseTime }: StoredSession) => new Date(lastUseTime.getTime() + lifetimes.idleMs);

  const toSession = (stored: StoredSession, userName = ''): Session => {
    const { _id: id, organizationId, userId, createTime, lastUseTime, expireTime, signInId } = stored;
    const times = { createTime, lastUseTime, idleExpireTime: idleEnd(stored), expireTime };
    return { id, organizationId, userId, userName, ...times, signInId };
  };

  /** Why the session is over; undefined where it is live. */
  function endOf(
    session: StoredSession,
    organization: OrganizationAccess | undefined,
    connection: FoundConnection | undefined,
    found: Pick<FoundUser, 'user' | 'accessState'> | undefined,
  ): DomainError | undefined {
    const refuse = (reason: ErrorReason, message: string) =>
      new DomainError(reason, message, undefined, session.userId);
    if (!organization) return organizationNotFound();
    if (organization.suspended) return suspended();
    if (!found) return refuse(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'The user of the session has been removed.');
    const refusal = refusalOf(found.user);
    if (refusal) return refusal;
    const isFromBefore =
      session.userEpoch !== found.accessState.sessionEpoch ||
      session.organizationEpoch !== organization.sessionEpoch ||
      !connection ||
      session.connectionEpoch !== connection.sessionEpoch;
    if (isFromBefore) return refuse(ErrorReason.ERROR_REASON_SESSION_REVOKED, 'The session has been ended.');
    const isOver = Math.min(session.expireTime.getTime(), idleEnd(session).getTime()) <= now();
    return isOver ? refuse(ErrorReason.ERROR_REASON_SESSION_EXPIRED, 'The session has expired.') : undefined;
  }

  const idTokenContext = (sessionId: string, organizationId: string) => `id token of ${sessionId} of ${organizationId}`;

  return {
    /** Begins a session. Throws as the contract's SignIn says. */
    async signIn(request: SignInRequest, deadline: number): Promise<SignInResponse> {
      checkClaims(request);
      const { organizationId, issuer, idToken, actor } = request;
      // Before all else: what ends sessions from now on ends this one, too.
      const organization = await standingOf(organizationId, deadline);
      if (organization.suspended) throw suspended();
      const connection = await ssoConnections.get(organizationId, deadline);
      if (connection?.connection.issuer !== issuer) throw connectionNotFound();
      const { found, linked } = await signedIn(users, accounts, untilDone, request, deadline);
      const { user, accessState: account } = found;

      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const createTime = new Date(now());
      const id = uuidv7({ msecs: createTime.getTime() });
      const isKept = idToken !== undefined && idToken !== '' && idToken.length <= MAX_ID_TOKEN;
      const stored: StoredSession = {
        _id: id,
        organizationId,
        userId: user.id,
        digest: digestOf(token),
        userEpoch: account.sessionEpoch,
        organizationEpoch: organization.sessionEpoch,
        connectionEpoch: connection.sessionEpoch,
        createTime,
        lastUseTime: createTime,
        expireTime: new Date(createTime.getTime() + lifetimes.maxMs),
        signInId: actor?.requestId ?? '',
        ...(isKept ? { sealedIdToken: sealer.seal(idToken, idTokenContext(id, organizationId)) } : {}),
      };
      await storage.insert(stored, deadline);
      return { sessionToken: token, session: toSession(stored, user.userName), user, linked };
    },

    /** The live session with this token, and its user. Throws as the contract's CheckSession says. */
    async check(token: string, deadline: number): Promise<CheckSessionResponse> {
      const session = TOKEN.test(token) ? await storage.find(digestOf(token), deadline) : undefined;
      if (!session) throw sessionNotFound();
      const { organizationId, userId } = session;
      const [organization, connection, found] = await Promise.all([
        organizations.access(organizationId, deadline),
        ssoConnections.get(organizationId, deadline),
        users.find(organizationId, userId, deadline),
      ]);
      const end = endOf(session, organization, connection, found);
      if (end) throw end;
      const time = new Date(now());
      if (time.getTime() - session.lastUseTime.getTime() >= useInterval) {
        // Whether it can be noted does not decide whether the session is live.
        await storage.use(session, time, deadline).catch(() => undefined);
        session.lastUseTime = time;
      }
      return { user: found?.user, session: toSession(session, found?.user.userName) };
    },

    /** Ends the session with this token, if there is one. */
    async signOut(token: string, deadline: number): Promise<SignOutResponse> {
      const session = TOKEN.test(token) ? await storage.take(digestOf(token), deadline) : undefined;
      if (!session) return { session: undefined };
      return { session: toSession(session), idToken: idTokenIn(session) };
    },

    /** A page of live sessions, oldest first. Throws ORGANIZATION_NOT_FOUND, PAGE_TOKEN_INVALID. */
    async list({ organizationId, userId, pageSize, pageToken = '' }: ListSessionsRequest, deadline: number) {
      // The page token is the id of the last session looked at.
      if (!/^[\da-f-]{0,36}$/.test(pageToken)) throw pageTokenInvalid();
      const limit = pageSizeOf(pageSize);
      const organization = await standingOf(organizationId, deadline);
      const alive = { now: new Date(now()), usedSince: new Date(now() - lifetimes.idleMs) };
      const found = await storage.list({ organizationId, userId }, alive, pageToken, limit + 1, deadline);
      const page = found.slice(0, limit);
      const ids = [...new Set(page.map((session) => session.userId))];
      const [connection, standings] = await Promise.all([
        ssoConnections.get(organizationId, deadline),
        users.accessStates(organizationId, ids, deadline),
      ]);
      const live = page.filter((session) => !endOf(session, organization, connection, standings.get(session.userId)));
      return {
        sessions: live.map((session) => toSession(session, standings.get(session.userId)?.user.userName)),
        nextPageToken: found.length > limit ? page.at(-1)?._id : undefined,
      };
    },

    /** Ends one session, those of a user, or all. Throws as the contract's EndSessions says. */
    async end({ organizationId, which, actor }: EndSessionsRequest, deadline: number): Promise<void> {
      await standingOf(organizationId, deadline);
      if (which?.$case === 'sessionId') {
        if (!(await storage.remove(organizationId, which.value, deadline))) throw sessionNotFound();
      } else if (which?.$case === 'userId') {
        await accounts.endSessions({ organizationId, userId: which.value }, actor, deadline);
      } else if (which?.value) {
        if (!(await organizations.endSessions(organizationId, deadline))) throw organizationNotFound();
      } else throw invalidField('which', 'The request does not say which sessions to end.');
    },

    /**
     * Ends all sessions of those whom the provider names; the id of the first. Throws as the contract's
     * RevokeUserSessions says.
     */
    async revoke({ organizationId, user, actor }: RevokeUserSessionsRequest, deadline: number): Promise<string> {
      await standingOf(organizationId, deadline);
      const userIds = await namedUsers(users, organizationId, user, deadline);
      for (const userId of userIds) await accounts.endSessions({ organizationId, userId }, actor, deadline);
      return userIds[0];
    },
  };

  /** The ID token of a session; without the key that it is encrypted with, there is none to show. */
  function idTokenIn({ _id, organizationId, sealedIdToken }: StoredSession): string | undefined {
    if (sealedIdToken === undefined) return undefined;
    try {
      return sealer.open(sealedIdToken, idTokenContext(_id, organizationId));
    } catch {
      return undefined;
    }
  }
}

/** A token is 256 random bits, so a fast digest keeps it as safe as a slow one would. */
const digestOf = (token: string) => createHash('sha256').update(token).digest('hex');

const sessionNotFound = () => new DomainError(ErrorReason.ERROR_REASON_SESSION_NOT_FOUND, 'There is no such session.');

const suspended = () =>
  new DomainError(ErrorReason.ERROR_REASON_ORGANIZATION_SUSPENDED, 'LeaseHawk support has suspended the organization.');
