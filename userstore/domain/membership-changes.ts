/** Brings a group's memberships from what they are to what is wanted, difference by difference. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import type { GroupKey } from '../model/group.js';
import type { MembersWanted } from '../model/members.js';
import type { MembershipStorage } from '../storage/memberships.js';

/** So many memberships are read, added or removed at once. */
const BATCH = 1000;
/** So many ids are looked up at once. */
const LOOK_UP_BATCH = 10_000;
/** So many ids of each kind are remembered for the record, which is cut before. */
const RECORDED = 100;
/** So many ids are named in a refusal, and so much of each, in characters. */
const TOLD = 10;
const TOLD_CHARACTERS = 64;

/** Some memberships that are not as they should be. */
export interface Difference {
  added: string[];
  removed: string[];
}

/** The way of changing memberships over a storage. `deadline` is in epoch milliseconds. */
export function createMembershipChanges(storage: MembershipStorage) {
  /** The differences between what is and what is wanted, none of them empty, read as they are asked for. */
  async function* differences(key: GroupKey, wanted: MembersWanted, deadline: number): AsyncGenerator<Difference> {
    const all = 'exactly' in wanted ? fromWhole(key, wanted.exactly, deadline) : fromDelta(key, wanted, deadline);
    for await (const difference of all) if (difference.added.length + difference.removed.length > 0) yield difference;
  }

  /** Reads what is named, and no more. */
  async function* fromDelta(
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

  /** Reads all members, page by page. */
  async function* fromWhole(
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

  return {
    differences,

    /** Whether so much is read to compare with what is wanted that others may change it between two reads. */
    isReadInParts: (wanted: MembersWanted): boolean =>
      'exactly' in wanted || wanted.added.size + wanted.removed.size > BATCH,

    /** Throws MEMBER_UNKNOWN, naming some, unless all of these are users of the organization. */
    async refuseUnknown(organizationId: string, ids: ReadonlySet<string>, deadline: number): Promise<void> {
      const unknown: string[] = [];
      for (const some of batches([...ids], LOOK_UP_BATCH)) {
        unknown.push(...(await storage.unknown(organizationId, some, deadline)));
      }
      if (unknown.length === 0) return;
      const told = unknown.slice(0, TOLD).map((id) => JSON.stringify(id.slice(0, TOLD_CHARACTERS)));
      const more = unknown.length > TOLD ? ` and ${unknown.length - TOLD} more` : '';
      const message = `The organization has no users with these ids, so they cannot be members: ${told.join(', ')}${more}.`;
      throw new DomainError(ErrorReason.ERROR_REASON_MEMBER_UNKNOWN, message, 'members');
    },

    /** Makes the differences good; what of it is worth a record. Of a user who is removed meanwhile nothing stays. */
    async settle(
      { organizationId, groupId }: GroupKey,
      found: AsyncIterable<Difference> | Iterable<Difference>,
      deadline: number,
    ): Promise<Difference> {
      const record: Difference = { added: [], removed: [] };
      for await (const { added, removed } of found) {
        if (removed.length > 0) await storage.remove(organizationId, groupId, removed, deadline);
        if (added.length > 0) {
          await storage.add(organizationId, groupId, added, deadline);
          const gone = await storage.unknown(organizationId, added, deadline);
          if (gone.length > 0) await storage.remove(organizationId, groupId, gone, deadline);
        }
        note(record, { added, removed });
      }
      return record;
    },
  };
}

/** Remembers as much of a difference as a record can hold. */
export function note(record: Difference, { added, removed }: Difference): Difference {
  record.added.push(...added.slice(0, Math.max(0, RECORDED - record.added.length)));
  record.removed.push(...removed.slice(0, Math.max(0, RECORDED - record.removed.length)));
  return record;
}

function* batches(ids: readonly string[], size: number): Generator<string[]> {
  for (let start = 0; start < ids.length; start += size) yield ids.slice(start, start + size);
}
