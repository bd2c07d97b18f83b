/**
 * The rendering of groups: with all of their members or with none, never with some. Groups that are deleted before the
 * answer begins are left out; one that is deleted later ends the answer.
 */
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import { readInLine } from '../limits/long-answers.js';
import type { GroupOperations } from '../operations/groups.js';
import { renderGroup } from '../scim/group.js';
import type { JsonObject } from '../scim/json.js';
import { renderMember } from '../scim/members.js';
import { type Projection, project } from '../scim/projection.js';
import { ScimError } from '../scim/scim-error.js';
import { ListText } from './list-text.js';
import type { Render, RenderContext } from './resources.js';

/** Larger groups are returned without members after a change, so that its cost does not grow with the group. */
const MAX_AFTER_CHANGE = 20;

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
 * Returns the members of each group that is not deleted; undefined if there are too many for the response to a change.
 * Reads one page. If there are more, the lists read them while they are sent.
 */
async function membersOf(
  groups: readonly Group[],
  operations: GroupOperations,
  context: RenderContext,
): Promise<ReadonlyMap<string, ListText> | undefined> {
  const groupIds = groups.map(({ id }) => id);
  const lists = new Map(groupIds.map((id) => [id, new ListText()]));
  const isLimited = context.isChange && !context.projection.attributes;
  const pageSize = isLimited ? MAX_AFTER_CHANGE + 1 : undefined;
  const page = await operations.members(context.scope, groupIds, undefined, pageSize);
  if (isLimited && (page.nextPageToken !== undefined || page.memberships.length > MAX_AFTER_CHANGE)) return undefined;
  for (const id of page.absentGroupIds) lists.delete(id);
  if (page.nextPageToken === undefined) {
    for (const [groupId, memberships] of byGroup(page.memberships)) {
      lists.get(groupId)?.append(renderMembers(memberships, context) ?? []);
    }
    return lists;
  }
  const reader = new MembersReader([...lists.keys()], operations, context);
  if (page.absentGroupIds.length === 0) reader.continueFrom(page);
  for (const [groupId, list] of lists) list.appendLater(reader.pagesOf(groupId));
  return lists;
}

type MembersPage = Awaited<ReturnType<GroupOperations['members']>>;

/** Reads the members of groups in the order in which the groups are sent, and holds one page at a time. */
class MembersReader {
  /** The groups whose members the current walk returns, one group after the other. */
  #walk: string[] = [];
  #page: Membership[] = [];
  #nextPageToken: string | undefined;

  constructor(
    readonly groupIds: readonly string[],
    readonly operations: GroupOperations,
    readonly context: RenderContext,
  ) {}

  /** Continues from the first page of the members of all groups, if it begins with the first group that is sent. */
  continueFrom({ memberships, nextPageToken }: MembersPage): void {
    const walk = this.#ascendingFrom(0);
    if (walk.length < this.groupIds.length) return;
    this.#walk = walk;
    this.#page = memberships;
    this.#nextPageToken = nextPageToken;
  }

  /** Yields the members of a group. Throws ScimError (503) if the group is deleted, and UserstoreError. */
  async *pagesOf(groupId: string): AsyncGenerator<JsonObject[]> {
    if (!this.#walk.includes(groupId)) {
      this.#walk = this.#ascendingFrom(this.groupIds.indexOf(groupId));
      await this.#read(undefined);
    }
    for (;;) {
      const end = this.#page.findIndex((membership) => membership.groupId !== groupId);
      const own = end < 0 ? this.#page : this.#page.slice(0, end);
      this.#page = end < 0 ? [] : this.#page.slice(end);
      if (own.length > 0) yield renderMembers(own, this.context) ?? [];
      if (this.#page.length > 0 || this.#nextPageToken === undefined) return;
      await this.#read(this.#nextPageToken);
    }
  }

  async #read(pageToken: string | undefined): Promise<void> {
    const { scope } = this.context;
    const page = await readInLine(scope.organizationId, () => this.operations.members(scope, this.#walk, pageToken));
    // The answer promises the group with all of its members, so it must not be completed.
    if (page.absentGroupIds.length > 0) throw deletedMeanwhile();
    this.#page = page.memberships;
    this.#nextPageToken = page.nextPageToken;
  }

  /** Returns the groups from this one on as long as their ids ascend: userstore returns members in the order of ids. */
  #ascendingFrom(index: number): string[] {
    const rest = this.groupIds.slice(index);
    const end = rest.findIndex((id, at) => at > 0 && id <= (rest[at - 1] ?? ''));
    return end < 0 ? rest : rest.slice(0, end);
  }
}

const deletedMeanwhile = () => new ScimError(503, undefined, 'A group was deleted while its members were read.');

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
