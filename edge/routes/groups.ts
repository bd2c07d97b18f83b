/** The rendering of groups: with all of their members or with none, never with some. Deleted groups are left out. */
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperations } from '../operations/groups.js';
import { renderGroup } from '../scim/group.js';
import type { JsonObject } from '../scim/json.js';
import { renderMember } from '../scim/members.js';
import { type Projection, project } from '../scim/projection.js';
import { badRequest } from '../scim/scim-error.js';
import { ListText } from './list-text.js';
import type { Render, RenderContext } from './resources.js';

/** Larger groups are returned without members after a change, so that its cost does not grow with the group. */
const MAX_AFTER_CHANGE = 20;
/** Maximum of members in one response. */
const MAX_SHOWN = 1_000_000;

const ANY_MEMBER: Membership = { groupId: '', userId: '', display: '' };

/** Creates the renderer, which reads members by these operations. */
export const renderGroups =
  (operations: GroupOperations): Render<Group> =>
  async (groups, context) => {
    const resources = groups.map((group) => project(renderGroup(group, context.baseUrl), context.projection, NO_NAMES));
    if (groups.length === 0 || !renderMembers([ANY_MEMBER], context)) return resources;
    const lists = await membersOf(groups, operations, context);
    if (!lists) return resources;
    return resources.flatMap((resource, index) => {
      const members = lists.get(groups[index]?.id ?? '');
      return members ? [{ ...resource, members }] : [];
    });
  };

/**
 * Returns the members of each group that is not deleted meanwhile; undefined if there are too many for the response to
 * a change. Throws ScimError (400).
 */
async function membersOf(
  groups: readonly Group[],
  operations: GroupOperations,
  context: RenderContext,
): Promise<ReadonlyMap<string, ListText> | undefined> {
  const groupIds = groups.map(({ id }) => id);
  const lists = new Map(groupIds.map((id) => [id, new ListText()]));
  const isLimited = context.isChange && !context.projection.attributes;
  let [count, pageToken]: [number, string | undefined] = [0, undefined];
  do {
    const pageSize: number | undefined = isLimited ? MAX_AFTER_CHANGE + 1 : undefined;
    const page = await operations.members(context.scope, groupIds, pageToken, pageSize);
    for (const id of page.absentGroupIds) lists.delete(id);
    if (lists.size === 0) break;
    count += page.memberships.length;
    if (isLimited && count > MAX_AFTER_CHANGE) return undefined;
    if (count > MAX_SHOWN) throw tooMany();
    for (const [groupId, memberships] of byGroup(page.memberships)) {
      lists.get(groupId)?.append(renderMembers(memberships, context) ?? []);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return lists;
}

/** Renders members; returns undefined if the projection excludes them. */
const renderMembers = (
  memberships: readonly Membership[],
  { baseUrl, projection }: { baseUrl: string; projection: Projection },
): JsonObject[] | undefined => {
  const members = memberships.map((membership) => renderMember(membership, baseUrl));
  return project({ members }, projection, NO_NAMES).members as JsonObject[] | undefined;
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

/** No attribute of a group is returned on request only. */
const NO_NAMES: ReadonlySet<string> = new Set();

const tooMany = () =>
  badRequest(
    'tooMany',
    `The answer would hold more than ${MAX_SHOWN} members; ask for fewer groups at a time, or with excludedAttributes=members.`,
  );
