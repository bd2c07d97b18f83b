/**
 * The groups collection. The organization comes first in every call and stands in every query; `deadline` (epoch
 * milliseconds) bounds every call. A write takes a document further from whatever version it is, so writers who do not
 * name one never have to try again.
 */
import type { Model, mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { ChangeStorage } from './changes.js';
import { GROUPS } from './columns.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { TOMBSTONE_ORGANIZATION, versionOf } from './documents.js';
import { toQuery } from './filter-query.js';
import {
  asTombstone,
  type GroupDocument,
  hasExclusiveChange,
  hasOtherChanges,
  nextVersion,
  type PendingChange,
  toGroup,
  toGroupDocument,
  toPlaceholder,
  withOutboxChange,
  withoutPendingChange,
  withPendingChange,
} from './group-documents.js';
import { createLister, type Listing, type Page } from './lists.js';
import { createTotals } from './totals.js';

/** What groups are stored in. */
export type GroupStorage = ReturnType<typeof createGroupStorage>;

/** A page of groups. */
export interface GroupPage extends Omit<Page<never>, 'documents'> {
  groups: Group[];
}

/** The conditions that parts of a filter are which are about members. */
export type MemberConditions = (
  organizationId: string,
  filter: Filter,
  deadline: number,
) => Promise<ReadonlyMap<Filter, Record<string, unknown>>>;

/** With so many changes in it a document is no longer left to the next move. */
const MAX_UNMOVED = 20;
/** As many groups are finished at a time that nobody else will finish. */
const BATCH = 100;

/** A group, and how many changes lie in its document. */
const SUMMARY = {
  ...Object.fromEntries(
    ['organizationId', 'version', 'createTime', 'updateTime', 'displayName', 'externalId'].map((name) => [name, 1]),
  ),
  unmovedCount: { $size: { $ifNull: ['$unmoved', []] } },
};

/** The operations on a groups collection. */
export function createGroupStorage(model: Model<GroupDocument>, changes: ChangeStorage, membersIn: MemberConditions) {
  const collection = model.collection as unknown as mongo.Collection<GroupDocument>;
  const totals = createTotals(collection);
  const list = createLister(collection, totals, GROUPS, async (organizationId, filter, deadline) =>
    toQuery(filter, GROUPS, await membersIn(organizationId, filter, deadline)),
  );

  const relieved = new Set<string>();

  /** Moves the changes out of a document that has too many; one of its writers does it for all. */
  async function relieve({ organizationId, _id }: GroupDocument, deadline: number): Promise<void> {
    if (relieved.has(_id)) return;
    relieved.add(_id);
    await changes.moveOfGroup(organizationId, _id, deadline).finally(() => relieved.delete(_id));
  }

  /** Takes the group further; undefined where the organization has none such. */
  async function write(query: Query, steps: mongo.Document[], deadline: number): Promise<Group | undefined> {
    const options = {
      returnDocument: 'after',
      projection: SUMMARY,
      ignoreUndefined: true,
      ...within(deadline),
    } as const;
    const updating = withDuplicateKeyError(collection.findOneAndUpdate(query, steps, options));
    const document = await updating.finally(() => totals.changed(query.organizationId));
    if (!document) return undefined;
    const { unmovedCount, ...values } = document as GroupDocument & { unmovedCount: number };
    if (unmovedCount >= MAX_UNMOVED) await relieve(values, deadline);
    return toGroup(values);
  }

  return {
    /** Stores a new group as version 1; its id, organization and times are set. Throws Taken. */
    async insert(group: Group, change: Change, deadline: number): Promise<Group> {
      const document = toGroupDocument(group, 1);
      const stored = { ...document, unmoved: [{ ...change, version: 1, groupId: group.id }] };
      const write = withDuplicateKeyError(collection.insertOne(stored, { ignoreUndefined: true, ...within(deadline) }));
      await write.finally(() => totals.changed(group.organizationId));
      return toGroup(document);
    },

    /** Holds the place of a new group while its memberships are stored. */
    async reserve(group: Group, change: Change, deadline: number): Promise<void> {
      await collection.insertOne(toPlaceholder(group, change), { ignoreUndefined: true, ...within(deadline) });
    },

    /** Puts a new group in its place as version 1. Undefined where that is gone. Throws Taken. */
    async publish(group: Group, change: Change, deadline: number): Promise<Group | undefined> {
      const { id: _id, organizationId } = group;
      const document = toGroupDocument(group, 1);
      const stored = { ...document, unmoved: [{ ...change, version: 1, groupId: _id }] };
      const place = { organizationId: TOMBSTONE_ORGANIZATION, _id, removedFrom: organizationId };
      const write = withDuplicateKeyError(
        collection.replaceOne(place, stored, { ignoreUndefined: true, ...within(deadline) }),
      );
      const { matchedCount } = await write.finally(() => totals.changed(organizationId));
      return matchedCount === 1 ? toGroup(document) : undefined;
    },

    /** Gives the place of a group up that has not become one; its memberships are gone. */
    async abandon({ id: _id, organizationId }: Group, deadline: number): Promise<void> {
      await collection.deleteOne(
        { organizationId: TOMBSTONE_ORGANIZATION, _id, removedFrom: organizationId },
        within(deadline),
      );
    },

    /** The group with this id; undefined where the organization has none. */
    async find(organizationId: string, id: string, deadline: number): Promise<Group | undefined> {
      const options = { projection: { unmoved: 0, begun: 0 }, ...within(deadline) };
      const document = await collection.findOne({ organizationId, _id: id }, options);
      return document ? toGroup(document) : undefined;
    },

    /** Whether a group of the organization has this name, folded. Only a write can tell for sure. */
    async hasName(organizationId: string, displayNameKey: string, deadline: number): Promise<boolean> {
      const options = { projection: { _id: 1 }, ...within(deadline) };
      return (await collection.findOne({ organizationId, displayNameKey }, options)) !== null;
    },

    /** A page of groups. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID. */
    async list(organizationId: string, listing: Listing, deadline: number): Promise<GroupPage> {
      const { documents, ...page } = await list(organizationId, listing, deadline);
      return { groups: documents.map(toGroup), ...page };
    },

    /** Sets a group's fields. Undefined where it is not (any more) as it was read. Throws Taken. */
    update: (read: ReadGroup, after: Group, change: Change, deadline: number): Promise<Group | undefined> =>
      write(queryOf(read), [nextVersion(after.updateTime as Date, after), withOutboxChange(change)], deadline),

    /**
     * Sets a group's fields, where `after` is given, and says in it which change of memberships is being made. Undefined
     * where the group is not (any more) as it was read, or where all memberships are being set. Throws Taken.
     */
    begin(
      read: ReadGroup,
      after: Group | undefined,
      work: PendingChange,
      deadline: number,
    ): Promise<Group | undefined> {
      const query = { ...queryOf(read, after !== undefined), $expr: { $not: [hasExclusiveChange] } };
      return write(query, [nextVersion(work.time, after), withPendingChange(work, deadline)], deadline);
    },

    /** Whether no other change of the group's memberships is under way. */
    async isAlone({ organizationId, id: _id }: Group, workId: string, deadline: number): Promise<boolean> {
      const options = { projection: { _id: 0, isHindered: hasOtherChanges(workId) }, ...within(deadline) };
      const found = await collection.findOne<{ isHindered: boolean }>({ organizationId, _id }, options);
      return !found?.isHindered;
    },

    /** Says that the change of memberships is made. Undefined where the organization has no such group any more. */
    finish({ organizationId, id: _id }: Group, workId: string, change: Change, deadline: number) {
      const steps = [nextVersion(change.time as Date), withoutPendingChange(workId), withOutboxChange(change)];
      return write({ organizationId, _id }, steps, deadline);
    },

    /**
     * Waits until what was read of the group is as durable as any write: a write that changes nothing is acknowledged
     * when all before it is. False where the organization has no such group any more, or not this version where an
     * `etag` is given.
     */
    async confirm(read: ReadGroup, deadline: number): Promise<boolean> {
      const { organizationId } = read.group;
      const write = collection.updateOne(queryOf(read, false), { $set: { organizationId } }, within(deadline));
      return (await write).matchedCount === 1;
    },

    /**
     * Removes a group. False where it is not (any more) as it was read. It is gone at once; its changes and memberships
     * are moved and swept afterwards.
     */
    async remove(read: ReadGroup, change: Change, deadline: number): Promise<boolean> {
      const { organizationId } = read.group;
      const steps = [nextVersion(change.time as Date), withOutboxChange(change), asTombstone];
      const { matchedCount } = await collection
        .updateOne(queryOf(read), steps, { ignoreUndefined: true, ...within(deadline) })
        .finally(() => totals.removed(organizationId));
      return matchedCount === 1;
    },

    /**
     * Finishes what was begun before `time` and never finished: records the changes of memberships that were on their
     * way, and gives up the places of groups that have not become any, once `sweep` has removed their memberships. How
     * many documents.
     */
    async resume(time: Date, sweep: (group: GroupDocument) => Promise<void>, deadline: number): Promise<number> {
      const options = { limit: BATCH, hint: 'begun', ...within(deadline) };
      const left = await collection.find({ 'begun.time': { $lt: time } }, options).toArray();
      for (const document of left) {
        const { organizationId, _id } = document;
        if (organizationId === TOMBSTONE_ORGANIZATION) {
          await sweep(document);
          await collection.deleteOne({ organizationId, _id, 'begun.id': _id }, within(deadline));
        } else {
          for (const work of document.begun ?? []) {
            if (work.time >= time) continue;
            const query = { organizationId, _id, 'begun.id': work.id };
            await write(
              query,
              [nextVersion(work.time), withoutPendingChange(work.id), withOutboxChange(work.change)],
              deadline,
            );
          }
        }
      }
      return left.length;
    },

    /** Removes all groups of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
}

type Query = mongo.Filter<GroupDocument> & { organizationId: string };

/** A group as it was read; `etag` where only that version is meant. */
export interface ReadGroup {
  group: Group;
  etag: string | undefined;
}

/** The group as it was read: this version of it, or at least these fields, where `withFields` says that they matter. */
function queryOf({ group, etag }: ReadGroup, withFields = true): Query {
  const { organizationId, id: _id, displayName, externalId } = group;
  if (etag !== undefined) return { organizationId, _id, version: versionOf(etag) ?? -1 };
  const fields = { displayName: { $eq: displayName }, externalId: { $eq: externalId ?? (null as never) } };
  return { organizationId, _id, ...(withFields ? fields : {}) } as Query;
}
