/**
 * The groups collection. Every call names the organization first, and so does every query; `deadline` (epoch
 * milliseconds) bounds every call. A write takes a document from whatever version it has to the next, so writers that
 * name no version never have to retry.
 */
import type { mongo } from 'mongoose';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { fold } from '../model/fields.js';
import { visibleName } from '../model/names.js';
import type { ReadMask } from '../model/read-mask.js';
import type { ChangeStorage } from './changes.js';
import { GROUPS } from './columns.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { GroupDocument, OutboxEntry } from './directory-schemas.js';
import { toQuery } from './filter-query.js';
import {
  asTombstone,
  isAtWork,
  nextVersion,
  toGroup,
  toNewGroupDocument,
  withOutboxChange,
} from './group-documents.js';
import { type GroupContext, queryOf, type ReadGroup, updateGroup } from './group-writes.js';
import { createLister, type Listing, objects, type Page } from './lists.js';
import { wasChangedBy } from './marks.js';
import { pendingChangesOf, reservationsOf } from './pending-changes.js';
import { projectionOf } from './projection.js';
import { readTogether } from './read-together.js';
import { createTotals } from './totals.js';

/** The storage of groups. */
export type GroupStorage = ReturnType<typeof createGroupStorage>;

/** A page of groups. */
export interface GroupPage extends Omit<Page<never>, 'resources' | 'tokenAfter'> {
  groups: Group[];
}

const AS_OBJECTS = objects(toGroup);

/** Returns the conditions on groups for those parts of a filter that are about members. */
export type MemberConditions = (
  organizationId: string,
  filter: Filter,
  deadline: number,
) => Promise<ReadonlyMap<Filter, Record<string, unknown>>>;

/** Creates the storage of groups. */
export function createGroupStorage(
  groups: mongo.Collection<GroupDocument>,
  changes: ChangeStorage,
  membersIn: MemberConditions,
) {
  const context = { groups, changes, totals: createTotals(groups), flushing: new Set<string>() };
  return {
    ...readsOf(context, membersIn),
    ...writesOf(context),
    ...reservationsOf(context),
    ...pendingChangesOf(context),
    ...requestsOf(context),
  };
}

function readsOf({ groups, totals }: GroupContext, membersIn: MemberConditions) {
  const conditionOf = async (organizationId: string, filter: Filter, deadline: number) =>
    toQuery(filter, GROUPS, await membersIn(organizationId, filter, deadline));
  const list = createLister(groups, totals, GROUPS, conditionOf);
  const read = readTogether(async (organizationId: string, ids, deadline) => {
    const options = { projection: { unmoved: 0, begun: 0 }, batchSize: ids.length + 1, ...within(deadline) };
    const found = await groups.find({ organizationId, _id: { $in: [...ids] } }, options).toArray();
    return new Map(found.map((document) => [document._id, document]));
  });
  return {
    /** Returns the group with this id, undefined if the organization has none. */
    async find(organizationId: string, id: string, deadline: number, mask?: ReadMask): Promise<Group | undefined> {
      const projection = projectionOf(mask);
      const document = projection
        ? await groups.findOne({ organizationId, _id: id }, { projection, ...within(deadline) })
        : await read(organizationId, id, deadline);
      return document ? toGroup(document) : undefined;
    },

    /** Returns the group whose name makes this one unavailable. Only a write can tell for sure. */
    async findHolder(organizationId: string, displayName: string, deadline: number): Promise<Group | undefined> {
      const options = { projection: { unmoved: 0, begun: 0 }, ...within(deadline) };
      const names = [{ displayNameKey: fold(displayName) }, { visibleName: visibleName(displayName) }];
      const document = await groups.findOne({ organizationId, $or: names }, options);
      return document ? toGroup(document) : undefined;
    },

    /** Returns a page of groups. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID, LIST_TOO_COSTLY, LISTS_TOO_MANY. */
    async list(organizationId: string, listing: Listing, deadline: number): Promise<GroupPage> {
      const { resources: groups, tokenAfter, ...page } = await list(organizationId, listing, AS_OBJECTS, deadline);
      return { groups, ...page };
    },
  };
}

/** The state of a request: it is new, at work, done, or its call ended half-way. */
export type RequestState = 'new' | 'at work' | 'done' | 'cut';

function requestsOf({ groups, changes }: GroupContext) {
  const wasChanged = (organizationId: string, id: string, mark: string, deadline: number): Promise<boolean> =>
    wasChangedBy({ documents: groups, changes }, organizationId, id, mark, deadline);
  return {
    /** Returns whether the request with this mark has changed the group, once that is durable. */
    wasChangedBy: wasChanged,

    /** Returns what has become of the request with this mark, which changes the group. */
    async requestState(organizationId: string, id: string, mark: string, deadline: number): Promise<RequestState> {
      const options = { projection: { _id: 0, isAtWork: isAtWork(mark) }, ...within(deadline) };
      const query = { organizationId, _id: id, 'begun.mark': mark };
      const pending = await groups.findOne<{ isAtWork: boolean }>(query, options);
      if (pending?.isAtWork) return 'at work';
      // Read last: a change that is no longer pending has its mark in the outbox.
      if (await wasChanged(organizationId, id, mark, deadline)) return 'done';
      return pending ? 'cut' : 'new';
    },
  };
}

function writesOf(context: GroupContext) {
  const { groups, totals } = context;
  return {
    /** Stores a new group as version 1; its id, organization and times are set. Throws DuplicateKeyError. */
    async insert(group: Group, change: OutboxEntry, deadline: number): Promise<Group> {
      const document = toNewGroupDocument(group, change);
      const options = { ignoreUndefined: true, ...within(deadline) };
      const inserting = withDuplicateKeyError(groups.insertOne(document, options));
      await inserting.finally(() => totals.changed(group.organizationId));
      return toGroup(document);
    },

    /** Sets a group's fields. Returns undefined if the group is not as it was read. Throws DuplicateKeyError. */
    update(read: ReadGroup, after: Group, change: OutboxEntry, deadline: number): Promise<Group | undefined> {
      const steps = [nextVersion(after.updateTime as Date, after), withOutboxChange(change)];
      return updateGroup(context, queryOf(read), steps, deadline);
    },

    /**
     * Waits until the group as it was read is as durable as any write: a write that changes nothing is acknowledged
     * after all earlier ones. Returns false if the organization has no such group, or an `etag` is given and is stale.
     */
    async confirm(read: ReadGroup, deadline: number): Promise<boolean> {
      const { organizationId } = read.group;
      const write = groups.updateOne(queryOf(read, false), { $set: { organizationId } }, within(deadline));
      return (await write).matchedCount === 1;
    },

    /**
     * Deletes a group. Returns false if the group is not as it was read. A tombstone keeps the outbox until it is
     * flushed and the memberships are swept.
     */
    async remove(read: ReadGroup, change: OutboxEntry, deadline: number): Promise<boolean> {
      const { organizationId } = read.group;
      const steps = [nextVersion(change.time as Date), withOutboxChange(change), asTombstone];
      const { matchedCount } = await groups
        .updateOne(queryOf(read), steps, { ignoreUndefined: true, ...within(deadline) })
        .finally(() => totals.removed(organizationId));
      return matchedCount === 1;
    },

    /** Deletes all groups of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await groups.deleteMany({ organizationId }, within(deadline));
      totals.removed(organizationId);
    },
  };
}
