/** The names behind ids of any kind. `deadline` (epoch milliseconds) bounds every call. */
import type { ResourceName } from '../../proto/gen/userstore/v1/search_service.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import type { UserDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import { leanWithin } from './model-calls.js';

/** The storage of names. */
export type NameStorage = ReturnType<typeof createNameStorage>;

/** Returns the name of a person for people; "" if they have none. */
export const personName = ({ displayName, name }: Pick<UserDocument, 'displayName' | 'name'>): string =>
  displayName ?? name?.formatted ?? [name?.givenName, name?.familyName].filter(Boolean).join(' ');

/** Creates the storage of names. */
export function createNameStorage({
  organizations,
  users,
  groups,
}: Pick<Collections, 'organizations' | 'users' | 'groups'>) {
  return {
    /** Returns the names behind those of these ids that are of an organization, a user or a group; of `chosen`, if given. */
    async find(
      ids: readonly string[],
      chosen: readonly string[] | undefined,
      deadline: number,
    ): Promise<ResourceName[]> {
      const _id = { $in: [...ids] };
      // Ids are unique in all organizations.
      const organizationId = chosen ? { $in: [...chosen] } : { $ne: TOMBSTONE_ORGANIZATION };
      const options = { batchSize: ids.length + 1, ...within(deadline) };
      const named = { userName: 1, displayName: 1, name: 1, organizationId: 1 };
      const [owners, people, teams] = await Promise.all([
        organizations.find(
          { _id: { $in: ids.filter((id) => chosen?.includes(id) ?? true) } },
          { displayName: 1, deleteTime: 1 },
          leanWithin(deadline),
        ),
        users.find({ organizationId, _id }, { projection: named, ...options }).toArray(),
        groups
          .find({ organizationId, _id }, { projection: { displayName: 1, organizationId: 1 }, ...options })
          .toArray(),
      ]);
      return [
        ...owners.map(({ _id: id, displayName: name, deleteTime }) => ({
          ...{ id, resourceType: 'Organization', organizationId: id, name },
          deleted: deleteTime !== undefined,
        })),
        ...people.map((user) => ({
          ...resourceOf('User', user),
          name: personName(user) || (user.userName ?? ''),
        })),
        ...teams.map((group) => ({ ...resourceOf('Group', group), name: group.displayName ?? '' })),
      ];
    },
  };
}

const resourceOf = (resourceType: string, { _id: id, organizationId }: { _id: string; organizationId: string }) => ({
  id,
  resourceType,
  organizationId,
  deleted: false,
});
