/**
 * Adds the names of users and groups to activities: when they are recorded, so that support finds them by name later,
 * and when those that were recorded without names are listed.
 */
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { ActivityNames, Subject } from '../storage/activity-names.js';

/**
 * Returns the activities with the names of the users and groups that they are about. A name that is there stays: it says
 * more about the request than the present one.
 */
export async function withNames(
  names: ActivityNames,
  given: readonly Activity[],
  deadline: number,
): Promise<Activity[]> {
  const [userNameOf, groupNameOf] = await Promise.all([
    names.ofUsers(
      subjectsOf(
        given.filter(({ userName }) => !userName),
        'userId',
      ),
      deadline,
    ),
    names.ofGroups(
      subjectsOf(
        given.filter(({ groupName }) => !groupName),
        'groupId',
      ),
      deadline,
    ),
  ]);
  return given.map((activity) => {
    const { organizationId, userId, groupId } = activity;
    const userName = activity.userName || userNameOf(organizationId, userId);
    const groupName = activity.groupName || groupNameOf(organizationId, groupId);
    return { ...activity, userName, groupName };
  });
}

const subjectsOf = (activities: readonly Activity[], key: 'userId' | 'groupId'): Subject[] =>
  activities.flatMap(({ organizationId, [key]: id }) => (id ? [{ organizationId, id }] : []));
