/**
 * The steps of changes of memberships, which take more than one write. A new group is reserved while its memberships
 * are stored; a change of an existing group is recorded in its document as pending until it is finished. What a call
 * leaves unfinished is resumed later. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import type { GroupDocument, OutboxEntry, PendingChange } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import {
  asPlaceholder,
  hasExclusiveChange,
  hasOtherChanges,
  hasPendingChange,
  nextVersion,
  toGroup,
  toNewGroupDocument,
  toPlaceholder,
  withOutboxChange,
  withoutPendingChange,
  withPendingChange,
  withPendingIds,
  withStaleReaders,
} from './group-documents.js';
import { type GroupContext, queryOf, type ReadGroup, updateGroup } from './group-writes.js';

/** The most documents that one call resumes. */
const BATCH = 100;

/** Records a pending change whose call has ended. */
export type RecordPending = (group: Group, pending: PendingChange) => Promise<unknown>;

/** Deletes the memberships of a group that was reserved but never published. */
export type SweepReservation = (group: GroupDocument) => Promise<void>;

/** The query for the reservation of a group. */
const reservationOf = ({ id: _id, organizationId }: Group) => ({
  organizationId: TOMBSTONE_ORGANIZATION,
  _id,
  removedFrom: organizationId,
});

/** Returns the operations on reservations of new groups. */
export function reservationsOf({ groups, totals }: GroupContext) {
  return {
    /** Reserves the id of a new group while its memberships are stored. */
    async reserve(group: Group, change: Change, deadline: number): Promise<void> {
      await groups.insertOne(toPlaceholder(group, change), { ignoreUndefined: true, ...within(deadline) });
    },

    /**
     * Reserves the id of a new group for one of the calls that repeat a request, until `deadline`; takes over the
     * reservation of one that has ended. Returns false if another call holds the id, or there is such a group.
     */
    async reserveAgain(group: Group, change: Change, deadline: number): Promise<boolean> {
      const steps = asPlaceholder(group, change, deadline);
      const options = { ignoreUndefined: true, ...within(deadline) };
      const reservation = { ...reservationOf(group), version: 0 };
      const taken = await groups.updateOne({ ...reservation, $expr: { $not: [hasPendingChange] } }, steps, options);
      if (taken.matchedCount === 1) return true;
      try {
        // No reservation has this version: the write only inserts, with the time by the database's clock.
        const none = { ...reservation, version: -1 };
        await withDuplicateKeyError(groups.updateOne(none, steps, { ...options, upsert: true }));
        return true;
      } catch (error) {
        if (error instanceof DuplicateKeyError) return false;
        throw error;
      }
    },

    /**
     * Replaces the reservation by the group as version 1. Returns undefined if it is gone, or the sweep of a deleted
     * user took a member out of it meanwhile. Throws DuplicateKeyError.
     */
    async publish(group: Group, change: OutboxEntry, memberIds: readonly string[], deadline: number) {
      const document = toNewGroupDocument(group, change, memberIds);
      const options = { ignoreUndefined: true, ...within(deadline) };
      const replacing = withDuplicateKeyError(
        groups.replaceOne({ ...reservationOf(group), version: 0 }, document, options),
      );
      const { matchedCount } = await replacing.finally(() => totals.changed(group.organizationId));
      return matchedCount === 1 ? toGroup(document) : undefined;
    },

    /** Cancels a reservation; the caller has deleted its memberships. */
    async cancelReservation(group: Group, deadline: number): Promise<void> {
      await groups.deleteOne(reservationOf(group), within(deadline));
    },
  };
}

/** Returns the operations on pending changes of groups. */
export function pendingChangesOf(context: GroupContext) {
  return {
    /**
     * Records a pending change and sets the group's fields if `after` is given. Returns undefined if the group is not
     * as it was read, or another change is setting all memberships. Throws DuplicateKeyError.
     */
    begin(
      read: ReadGroup,
      after: Group | undefined,
      pending: PendingChange,
      deadline: number,
    ): Promise<Group | undefined> {
      const query = { ...queryOf(read, after !== undefined), $expr: { $not: [hasExclusiveChange] } };
      const steps = [nextVersion(pending.time, after), withPendingChange(pending, deadline)];
      return updateGroup(context, query, steps, deadline);
    },

    /** Returns whether the group has no other pending change than this one. */
    async hasExclusiveAccess({ organizationId, id: _id }: Group, pendingId: string, deadline: number) {
      const options = { projection: { _id: 0, isHindered: hasOtherChanges(pendingId) }, ...within(deadline) };
      const found = await context.groups.findOne<{ isHindered: boolean }>({ organizationId, _id }, options);
      return !found?.isHindered;
    },

    /**
     * Records a part of a pending change in the outbox: what its memberships are now, as the caller has read them. Names
     * the users of the next part, or ends the pending change if there is none. Returns undefined if another change of
     * the same users was recorded since the pending change was last `clean`, or the group has no such pending change.
     */
    record(
      { organizationId, id: _id }: Group,
      pendingId: string,
      entry: OutboxEntry,
      next: string[] | undefined,
      deadline: number,
    ) {
      const ids = [...(entry.added ?? []), ...(entry.removed ?? [])];
      const query = { organizationId, _id, begun: { $elemMatch: { id: pendingId, isStale: { $ne: true } } } };
      const steps = [
        nextVersion(entry.time as Date),
        ...(ids.length > 0 ? [withStaleReaders(pendingId, ids)] : []),
        next ? withPendingIds(pendingId, next) : withoutPendingChange(pendingId),
        withOutboxChange({ ...entry, complete: next === undefined }),
      ];
      return updateGroup(context, query, steps, deadline);
    },

    /** Names the users whose memberships a pending change writes next. */
    async name({ organizationId, id: _id }: Group, pendingId: string, ids: string[], deadline: number): Promise<void> {
      const update = { $set: { 'begun.$.ids': ids } };
      await context.groups.updateOne({ organizationId, _id, 'begun.id': pendingId }, update, within(deadline));
    },

    /** Notes that the memberships of a pending change are read again. Returns false if it is gone with its group. */
    async clean({ organizationId, id: _id }: Group, pendingId: string, deadline: number): Promise<boolean> {
      const update = { $set: { 'begun.$.isStale': false } };
      const write = context.groups.updateOne({ organizationId, _id, 'begun.id': pendingId }, update, within(deadline));
      return (await write).matchedCount === 1;
    },

    /**
     * Resumes what calls that began before `time` left unfinished: hands their pending changes to `record`, and cancels
     * their reservations once `sweep` has deleted the memberships. Returns the number of documents, at most 100.
     */
    async resume(time: Date, sweep: SweepReservation, record: RecordPending, deadline: number): Promise<number> {
      const options = { limit: BATCH, hint: 'begun', ...within(deadline) };
      const unfinished = await context.groups.find({ 'begun.time': { $lt: time } }, options).toArray();
      for (const document of unfinished) {
        if (document.organizationId === TOMBSTONE_ORGANIZATION) {
          await resumeReservation(context, document, sweep, deadline);
          continue;
        }
        for (const pending of document.begun ?? []) if (pending.time < time) await record(toGroup(document), pending);
      }
      return unfinished.length;
    },
  };
}

async function resumeReservation(
  { groups }: GroupContext,
  document: GroupDocument,
  sweep: SweepReservation,
  deadline: number,
): Promise<void> {
  const { organizationId, _id } = document;
  await sweep(document);
  await groups.deleteOne({ organizationId, _id, 'begun.id': _id }, within(deadline));
}
