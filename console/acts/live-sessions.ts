/** The number of sessions that an act ends, for its page. */
import type { Subject } from './act.js';

const MAX_COUNTED = 1000;

/** Returns the number of live sessions of the user, or of all users of the organization without one, as words. */
export async function sessionsText({ userstore, organizationId, userId }: Subject): Promise<string> {
  const ofUser = userId === '' ? {} : { userId };
  const { sessions, nextPageToken } = await userstore.listSessions({
    organizationId,
    ...ofUser,
    pageSize: MAX_COUNTED,
  });
  if (sessions.length === 1) return '1 session';
  return nextPageToken === undefined ? `${sessions.length} sessions` : `more than ${sessions.length} sessions`;
}
