/** Adds the names of users and groups to activities when they are recorded, so that support finds them by name later. */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ActivityNames, Subject } from '../storage/activity-names.js';

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
  const [userNameOf, groupNameOf] = await Promise.all([
    names.ofUsers(subjectsOf(unnamed, 'userId'), deadline),
    names.ofGroups(subjectsOf(given, 'groupId'), deadline),
  ]);
  return given.map((activity) => {
    const { organizationId, userId, groupId } = activity;
    const userName = activity.userName || userNameOf(organizationId, userId);
    return { ...activity, userName, groupName: groupNameOf(organizationId, groupId) };
  });
}

const subjectsOf = (activities: readonly Activity[], key: 'userId' | 'groupId'): Subject[] =>
  activities.flatMap(({ organizationId, [key]: id }) => (id ? [{ organizationId, id }] : []));
