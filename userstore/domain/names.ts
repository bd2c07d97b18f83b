/** The rules of finding the names behind ids. */
import type { FindNamesRequest, FindNamesResponse, ResourceName } from '../../proto/gen/userstore/v1/search_service.js';
import { invalidField } from '../model/domain-error.js';
import type { ActivityNames } from '../storage/activity-names.js';
import type { NameStorage } from '../storage/names.js';

/** The most ids of one request. */
const MAX_IDS = 1000;

/** The storages of names: of what is stored, and of what is deleted. */
export interface NameContext {
  names: NameStorage;
  history: ActivityNames;
}

/** The rules of names. */
export type NameRules = ReturnType<typeof createNameRules>;

/** Binds the rules to storages. `deadline` is in epoch milliseconds. */
export const createNameRules = ({ names, history }: NameContext) => ({
  /** Finds names of the organizations `chosen`, if given; also of what is deleted in the one that the request names. Throws FIELD_INVALID. */
  async find(
    { ids, organizationId }: FindNamesRequest,
    deadline: number,
    chosen: readonly string[] | undefined,
  ): Promise<FindNamesResponse> {
    if (ids.length > MAX_IDS) throw invalidField('ids', `At most ${MAX_IDS} names can be found.`);
    const asked = [...new Set(ids)];
    if (asked.length === 0) return { names: [] };
    const found = await names.find(asked, chosen, deadline);
    if (organizationId === undefined) return { names: found };
    const known = new Set(found.map(({ id }) => id));
    const unknown = asked.filter((id) => !known.has(id));
    return { names: [...found, ...(await deletedOf(history, organizationId, unknown, deadline))] };
  },
});

/** Returns the names that deleted users and groups of an organization had, as far as their history is stored. */
async function deletedOf(
  history: ActivityNames,
  organizationId: string,
  ids: readonly string[],
  deadline: number,
): Promise<ResourceName[]> {
  const subjects = ids.map((id) => ({ organizationId, id }));
  const [userNameOf, groupNameOf] = await Promise.all([
    history.ofUsers(subjects, deadline),
    history.ofGroups(subjects, deadline),
  ]);
  return ids.flatMap((id) => {
    const [user, group] = [userNameOf(organizationId, id), groupNameOf(organizationId, id)];
    const name = user ?? group;
    const resourceType = user === undefined ? 'Group' : 'User';
    return name === undefined ? [] : [{ id, resourceType, organizationId, name, deleted: true }];
  });
}
