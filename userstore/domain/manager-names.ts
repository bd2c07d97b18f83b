/**
 * The display names of managers. `enterprise.manager.value` is any text of the identity provider; where it is the id of a
 * user of the organization, that user's own name is shown. Pages without such ids cost no query, others one.
 */
import type { User } from '../../proto/gen/userstore/v1/user.js';

/** Returns the display names of those of these users that exist and have one, by id. */
export type DisplayNamesOf = (
  organizationId: string,
  ids: readonly string[],
  deadline: number,
) => Promise<ReadonlyMap<string, string>>;

/** Matches the form of the ids of users. */
const USER_ID = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/;

/** Sets `managerDisplayName` of these users of an organization. */
export async function setManagerNames(
  users: readonly User[],
  organizationId: string,
  namesOf: DisplayNamesOf,
  deadline: number,
): Promise<void> {
  const names = await managerNames(users.map(managerIdOf), organizationId, namesOf, deadline);
  for (const user of users) user.managerDisplayName = names.get(managerIdOf(user) ?? '');
}

/** Returns the display names of the managers by these values, undefined ones among them. */
export async function managerNames(
  values: readonly (string | undefined)[],
  organizationId: string,
  namesOf: DisplayNamesOf,
  deadline: number,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(values.filter((value) => value !== undefined && USER_ID.test(value)));
  return ids.size > 0 ? await namesOf(organizationId, [...ids] as string[], deadline) : new Map();
}

const managerIdOf = ({ enterprise }: User): string | undefined => enterprise?.manager?.value;
