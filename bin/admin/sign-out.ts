/** The question before a command that signs people out. */
import { type Printable, printable } from './printer.js';
import { confirm } from './run.js';
import type { Userstore } from './userstore.js';

/** Returns the number of live sessions and of their users: "3 sessions of 2 users". */
export function countText(sessions: readonly { userId: string }[]): string {
  const people = new Set(sessions.map(({ userId }) => userId)).size;
  return `${sessions.length} session${sessions.length === 1 ? '' : 's'} of ${people} user${people === 1 ? '' : 's'}`;
}

/**
 * Says how many sessions of an organization a command ends, and asks for its id, unless `yes` or nobody is signed in.
 * `consequence` is a sentence about everything else that happens. Throws an Error if the person does not agree.
 */
export async function confirmSignOut(
  userstore: Userstore,
  organizationId: string,
  consequence: Printable,
  yes: boolean | undefined,
): Promise<void> {
  if (yes) return;
  const sessions = await userstore.listSessions(organizationId);
  if (sessions.length === 0) return;
  await confirm(printable`${consequence} This ends ${countText(sessions)}.`, organizationId, yes);
}
