/** Changes of a group's memberships: computes the differences to the wanted members, and writes them batch by batch. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import type { GroupKey } from '../model/group.js';
import type { MembersWanted } from '../model/members.js';
import type { MembershipStorage } from '../storage/memberships.js';

/** The most memberships that one command reads, adds or removes. */
const BATCH = 1000;
/** The most ids that one look-up takes. */
const LOOK_UP_BATCH = 2000;
/** The most ids of each kind that a change record keeps: the record is cut before. */
const RECORDED = 100;
/** The most ids that an error message names, and the most characters of each. */
const NAMED_IDS = 10;
const NAMED_CHARACTERS = 64;

/** User ids to add to a group and to remove from it. */
export interface Difference {
  added: string[];
  removed: string[];
}

/**
 * Yields the differences between stored and wanted members in batches, none of them empty. Reads only as it is
 * consumed.
 */
export async function* differences(
  storage: MembershipStorage,
  key: GroupKey,
  wanted: MembersWanted,
  deadline: number,
): AsyncGenerator<Difference> {
  const all =
    'exactly' in wanted
      ? fromAllMembers(storage, key, wanted.exactly, deadline)
      : fromNamedMembers(storage, key, wanted, deadline);
  for await (const difference of all) if (difference.added.length + difference.removed.length > 0) yield difference;
}

/** Reads only the memberships that are named. */
async function* fromNamedMembers(
  storage: MembershipStorage,
  { organizationId, groupId }: GroupKey,
  { added, removed }: { added: Set<string>; removed: Set<string> },
  deadline: number,
): AsyncGenerator<Difference> {
  for (const ids of batches([...added, ...removed], BATCH)) {
    const members = new Set(await storage.among(organizationId, groupId, ids, deadline));
    yield {
      added: ids.filter((id) => added.has(id) && !members.has(id)),
      removed: ids.filter((id) => removed.has(id) && members.has(id)),
    };
  }
}

/** Reads all memberships of the group, page by page. */
async function* fromAllMembers(
  storage: MembershipStorage,
  { organizationId, groupId }: GroupKey,
  exactly: ReadonlySet<string>,
  deadline: number,
): AsyncGenerator<Difference> {
  const missing = new Set(exactly);
  let after = '';
  for (;;) {
    const page = await storage.idsAfter(organizationId, groupId, after, BATCH, deadline);
    yield { added: [], removed: page.filter((id) => !missing.delete(id)) };
    if (page.length < BATCH) break;
    after = page.at(-1) as string;
  }
  for (const added of batches([...missing], BATCH)) yield { added, removed: [] };
}

/** Returns whether the comparison takes more than one read, so that others may change members between two reads. */
export const isReadInBatches = (wanted: MembersWanted): boolean =>
  'exactly' in wanted || wanted.added.size + wanted.removed.size > BATCH;

/** Returns whether a difference changes every user that is named, so that no stored membership was taken into account. */
export const isOfAll = (difference: Difference, wanted: MembersWanted): boolean =>
  !('exactly' in wanted) && idsOf(difference).length === wanted.added.size + wanted.removed.size;

/** Checks that all ids are users of the organization. Throws MEMBER_UNKNOWN that names some of the others. */
export async function refuseUnknown(
  storage: MembershipStorage,
  organizationId: string,
  ids: ReadonlySet<string>,
  deadline: number,
): Promise<void> {
  const unknown: string[] = [];
  for (const some of batches([...ids], LOOK_UP_BATCH)) {
    unknown.push(...(await storage.unknown(organizationId, some, deadline)));
  }
  if (unknown.length === 0) return;
  const named = unknown.slice(0, NAMED_IDS).map((id) => JSON.stringify(id.slice(0, NAMED_CHARACTERS)));
  const more = unknown.length > NAMED_IDS ? ` and ${unknown.length - NAMED_IDS} more` : '';
  const message = `The organization has no users with these ids, so they cannot be members: ${named.join(', ')}${more}.`;
  throw new DomainError(ErrorReason.ERROR_REASON_MEMBER_UNKNOWN, message, 'members');
}

/**
 * Writes a difference. Removes again the users who are deleted while they are added, since the sweep of their memberships
 * may have run before.
 */
export async function write(
  storage: MembershipStorage,
  { organizationId, groupId }: GroupKey,
  { added, removed }: Difference,
  deadline: number,
): Promise<void> {
  if (removed.length > 0) await storage.remove(organizationId, groupId, removed, deadline);
  if (added.length === 0) return;
  await storage.add(organizationId, groupId, added, deadline);
  const deleted = await storage.unknown(organizationId, added, deadline);
  if (deleted.length > 0) await storage.remove(organizationId, groupId, deleted, deadline);
}

/** Returns the ids of a difference. */
export const idsOf = ({ added, removed }: Difference): string[] => [...added, ...removed];

/**
 * Returns which of these users are members now. An event says this instead of what its change did: whatever races, the
 * last event that names a user then tells the truth.
 */
export async function stateOf(
  storage: Pick<MembershipStorage, 'among'>,
  { organizationId, groupId }: GroupKey,
  ids: readonly string[],
  deadline: number,
): Promise<Difference> {
  const members = new Set(ids.length > 0 ? await storage.among(organizationId, groupId, ids, deadline) : []);
  return { added: ids.filter((id) => members.has(id)), removed: ids.filter((id) => !members.has(id)) };
}

/** Appends the ids of a difference to a record, up to its maximum. Returns the record. */
export function note(record: Difference, { added, removed }: Difference): Difference {
  record.added.push(...added.slice(0, Math.max(0, RECORDED - record.added.length)));
  record.removed.push(...removed.slice(0, Math.max(0, RECORDED - record.removed.length)));
  return record;
}

function* batches(ids: readonly string[], size: number): Generator<string[]> {
  for (let start = 0; start < ids.length; start += size) yield ids.slice(start, start + size);
}
