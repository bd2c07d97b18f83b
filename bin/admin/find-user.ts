/** Finds the user that a person names: by id, user name, external id or e-mail address. */
import { anyOf, equal } from '../../client/filters.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { orUndefined } from './client.js';
import { PrintableError, printable } from './printer.js';
import { userTable } from './tables.js';
import { minute } from './times.js';
import { type Userstore, UUID } from './userstore.js';

/** The most users that an error lists. */
const MAX_LISTED = 10;

/** A user by id and, as far as it is known, by name. */
export interface NamedUser {
  userId: string;
  userName: string | undefined;
}

/**
 * Returns the only user with this id, user name, external id or e-mail address; undefined if there is none. Throws
 * PrintableError with the candidates if there are several.
 */
export async function findUserIfAny(userstore: Userstore, organizationId: string, text: string) {
  if (UUID.test(text)) {
    const byId = await orUndefined(userstore.getUser(organizationId, text.toLowerCase()), 'USER_NOT_FOUND');
    if (byId) return byId.user;
  }
  if (text === '') return undefined;
  const filter = anyOf(equal('user_name', text), equal('external_id', text), equal('emails.value', text));
  const { users, totalSize } = await userstore.listUsers(organizationId, filter, MAX_LISTED);
  if (users.length < 2) return users[0];
  throw new PrintableError(
    printable`${text} is the user name, external id or e-mail address of ${totalSize} users; give an id:\n${userTable(users)}`,
  );
}

/** Returns the user that the text names, likewise. Throws PrintableError also if there is none. */
export async function findUser(userstore: Userstore, organizationId: string, text: string): Promise<User> {
  const user = await findUserIfAny(userstore, organizationId, text);
  if (user) return user;
  const [deleted] = await deletedUsers(userstore, organizationId, text);
  const was =
    deleted &&
    printable` They were deleted at ${minute(deleted.time)}: users history ${organizationId} ${deleted.userId}`;
  throw new PrintableError(printable`${noSuchUser(text)}${was ?? ''}`);
}

/** Returns the user that the text names, who may be deleted. Throws PrintableError as `findUser`. */
export async function findUserOrDeleted(
  userstore: Userstore,
  organizationId: string,
  text: string,
): Promise<NamedUser> {
  const user = await findUserIfAny(userstore, organizationId, text);
  if (user) return { userId: user.id, userName: user.userName };
  const [deleted, another] = await deletedUsers(userstore, organizationId, text);
  if (!deleted) throw new PrintableError(noSuchUser(text));
  if (!another) return { userId: deleted.userId, userName: deleted.userName };
  throw new PrintableError(
    printable`Several users with the name ${text} were deleted; give an id: ${deleted.userId}, ${another.userId}`,
  );
}

/** The sentence that no user of the organization is meant. */
export const noSuchUser = (text: string) =>
  printable`There is no such user: ${text} is no id, user name, external id or e-mail address of the organization.`;

/** Returns users that were deleted, by id, or by the user name of recorded requests that deleted them. */
async function deletedUsers(userstore: Userstore, organizationId: string, text: string) {
  if (UUID.test(text)) {
    const userId = text.toLowerCase();
    const { changes } = await userstore.listChanges(organizationId, userId, 1);
    return changes.map(({ time }) => ({ userId, userName: undefined, time }));
  }
  const condition = { since: undefined, until: undefined, userName: text, method: 'DELETE', pageSize: 100 };
  const { activities } = await userstore.listActivities({ organizationId, ...condition });
  const found = new Map<string, NamedUser & { time: Date | undefined }>();
  for (const { userId, userName, status, time } of activities) {
    if (userId && status < 300 && !found.has(userId)) found.set(userId, { userId, userName, time });
  }
  return [...found.values()];
}
