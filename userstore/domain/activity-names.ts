/** Adds the names of users and groups to activities when they are recorded, so that support finds them by name later. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { type ActivityNames, keyOf, type Subject } from '../storage/activity-names.js';

/**
 * Returns the activities with the names of the users and groups that they are about. The name that a request brought
 * stays: it says more about the request than the stored one.
 */
export async function withNames(
  names: ActivityNames,
  given: readonly Activity[],
  deadline: number,
): Promise<Activity[]> {
  const unnamed = given.filter(({ userName }) => !userName);
  const [users, groups] = await Promise.all([
    names.ofUsers(subjectsOf(unnamed, 'userId'), deadline),
    names.ofGroups(subjectsOf(given, 'groupId'), deadline),
  ]);
  return given.map((activity) => {
    const { organizationId, userId = '', groupId = '' } = activity;
    const userName = activity.userName || users.get(keyOf({ organizationId, id: userId }));
    return { ...activity, userName, groupName: groups.get(keyOf({ organizationId, id: groupId })) };
  });
}

const subjectsOf = (activities: readonly Activity[], key: 'userId' | 'groupId'): Subject[] =>
  activities.flatMap(({ organizationId, [key]: id }) => (id ? [{ organizationId, id }] : []));
