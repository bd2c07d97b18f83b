/** How groups are shown: with all of their members, or without any, but never with some; not at all once they are gone. */
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperations } from '../operations/groups.js';
import { renderGroup } from '../scim/group.js';
import type { JsonObject } from '../scim/json.js';
import { renderMember } from '../scim/members.js';
import { type Projection, project } from '../scim/projection.js';
import { badRequest } from '../scim/scim-error.js';
import { ListText } from './list-text.js';
import type { Render, RenderContext } from './resources.js';

/** What a change costs must not follow the size of the group: larger ones are answered without their members. */
const MOST_AFTER_CHANGE = 20;
/** In one answer. */
const MAX_SHOWN = 1_000_000;

const NOBODY: Membership = { groupId: '', userId: '', display: '' };

/** Renders groups by these operations. */
export const renderGroups =
  (operations: GroupOperations): Render<Group> =>
  async (groups, showing) => {
    const resources = groups.map((group) => project(renderGroup(group, showing.baseUrl), showing.projection, NOTHING));
    if (groups.length === 0 || !membersShown([NOBODY], showing)) return resources;
    const lists = await membersOf(groups, operations, showing);
    if (!lists) return resources;
    return resources.flatMap((resource, index) => {
      const members = lists.get(groups[index]?.id ?? '');
      return members ? [{ ...resource, members }] : [];
    });
  };

/** The members of each group that is not removed meanwhile; undefined where there are more than a change is answered with. */
async function membersOf(
  groups: readonly Group[],
  operations: GroupOperations,
  showing: RenderContext,
): Promise<ReadonlyMap<string, ListText> | undefined> {
  const groupIds = groups.map(({ id }) => id);
  const lists = new Map(groupIds.map((id) => [id, new ListText()]));
  const isShort = showing.isChange && !showing.projection.attributes;
  let [count, pageToken]: [number, string | undefined] = [0, undefined];
  do {
    const pageSize: number | undefined = isShort ? MOST_AFTER_CHANGE + 1 : undefined;
    const page = await operations.members(showing.caller, groupIds, pageToken, pageSize);
    for (const id of page.absentGroupIds) lists.delete(id);
    if (lists.size === 0) break;
    count += page.memberships.length;
    if (isShort && count > MOST_AFTER_CHANGE) return undefined;
    if (count > MAX_SHOWN) throw tooMany();
    for (const [groupId, memberships] of byGroup(page.memberships)) {
      lists.get(groupId)?.append(membersShown(memberships, showing) ?? []);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return lists;
}

/** Members as they are to be shown; undefined where they are not to be. */
const membersShown = (
  memberships: readonly Membership[],
  { baseUrl, projection }: { baseUrl: string; projection: Projection },
): JsonObject[] | undefined => {
  const members = memberships.map((membership) => renderMember(membership, baseUrl));
  return project({ members }, projection, NOTHING).members as JsonObject[] | undefined;
};

function byGroup(memberships: readonly Membership[]): Map<string, Membership[]> {
  const groups = new Map<string, Membership[]>();
  for (const membership of memberships) {
    const group = groups.get(membership.groupId);
    if (group) group.push(membership);
    else groups.set(membership.groupId, [membership]);
  }
  return groups;
}

/** No attribute of a group is shown on request only. */
const NOTHING: ReadonlySet<string> = new Set();

const tooMany = () =>
  badRequest(
    'tooMany',
    `The answer would hold more than ${MAX_SHOWN} members; ask for fewer groups at a time, or with excludedAttributes=members.`,
  );
