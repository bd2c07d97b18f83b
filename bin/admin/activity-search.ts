/** Searches for activities, and the answer if there is none. */
import type { Activity, ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { findGroupIdOrDeleted } from './find-group.js';
import { findUserIfAny, noSuchUser } from './find-user.js';
import { pages } from './pages.js';
import { type Printable, PrintableError, printable } from './printer.js';
import { type Userstore, UUID } from './userstore.js';

const ACTIVITIES_PER_PAGE = 500;

/** The search of a person: the conditions of a request, with users and groups as they name them. */
export interface Search extends Omit<ListActivitiesRequest, 'organizationId' | 'userId' | 'groupId' | 'userName'> {
  user: string | undefined;
  group: string | undefined;
}

/** A search for activities as userstore takes it. */
export interface ResolvedSearch {
  request: ListActivitiesRequest;
  /** Whether the user exists; undefined if the search is not about a user. */
  isKnownUser: boolean | undefined;
}

/** Returns the search with ids. A name finds requests and sign-ins that were refused, and users who are deleted. */
export async function resolved(
  userstore: Userstore,
  organizationId: string,
  { user, group, ...conditions }: Search,
): Promise<ResolvedSearch> {
  const groupId = group === undefined ? undefined : await findGroupIdOrDeleted(userstore, organizationId, group);
  const request = { ...conditions, organizationId, groupId };
  if (user === undefined) return { request, isKnownUser: undefined };
  const found = await findUserIfAny(userstore, organizationId, user);
  if (found) return { request: { ...request, userId: found.id, userName: found.userName }, isKnownUser: true };
  const userId = UUID.test(user) ? user.toLowerCase() : undefined;
  return { request: { ...request, userId, userName: user }, isKnownUser: false };
}

/** Returns the newest activities, oldest first. */
export async function newest(userstore: Userstore, request: ListActivitiesRequest, limit: number): Promise<Activity[]> {
  const { items } = await pages(
    (pageSize, pageToken) => userstore.listActivities({ ...request, pageSize, pageToken }),
    ({ activities }) => activities,
    { limit, pageSize: ACTIVITIES_PER_PAGE },
  );
  return items.reverse();
}

const IN_OKTA =
  'On the admin pages of Okta, Dashboard → Tasks lists failed provisioning, and Reports → System Log shows what Okta did.';

/** Returns why no activity is found, and where to look instead. Throws PrintableError if there is no such user. */
export function nothingFound({ isKnownUser }: ResolvedSearch, user: string | undefined): Printable {
  if (isKnownUser === false) {
    throw new PrintableError(
      printable`${noSuchUser(user ?? '')} No request and no sign-in in the search has this name: their Okta has not asked. ${IN_OKTA}`,
    );
  }
  return isKnownUser
    ? printable`No request and no sign-in in the search is about this user: their Okta has not asked. ${IN_OKTA}`
    : printable`No request and no sign-in matches the search: if one was expected, their Okta has not asked. ${IN_OKTA}`;
}
