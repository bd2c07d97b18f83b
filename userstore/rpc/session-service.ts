/** The RPCs of SessionService. */
import type { SessionServiceService } from '../../proto/gen/userstore/v1/session_service.js';
import type { AccessStateRules } from '../domain/access-state.js';
import type { SessionRules } from '../domain/sessions.js';
import type { UsedKeyRules } from '../domain/used-keys.js';
import type { Handlers } from './unary.js';

/** Returns the handlers of SessionService. */
export function sessionService(
  sessions: SessionRules,
  accessStates: AccessStateRules,
  usedKeys: UsedKeyRules,
): Handlers<SessionServiceService> {
  return {
    signIn: (request, deadline) => sessions.signIn(request, deadline),
    checkSession: ({ sessionToken }, deadline, { organizationIds }) =>
      sessions.check(sessionToken, deadline, organizationIds),
    signOut: ({ sessionToken }, deadline) => sessions.signOut(sessionToken, deadline),
    listSessions: (request, deadline) => sessions.list(request, deadline),
    async endSessions(request, deadline) {
      await sessions.end(request, deadline);
      return {};
    },
    revokeUserSessions: async (request, deadline) => ({ userId: await sessions.revoke(request, deadline) }),
    useOnce: async (request, deadline) => ({ isFirst: await usedKeys.use(request, deadline) }),
    lockUser: async ({ reason, actor, ...key }, deadline) => ({
      user: await accessStates.lock(key, reason, actor, deadline),
    }),
    unlockUser: async ({ actor, ...key }, deadline) => ({ user: await accessStates.unlock(key, actor, deadline) }),
    unlinkUser: async ({ actor, ...key }, deadline) => ({ user: await accessStates.unlink(key, actor, deadline) }),
  };
}
