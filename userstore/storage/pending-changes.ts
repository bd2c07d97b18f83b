/**
 * The steps of changes of memberships, which take more than one write. A new group is reserved while its memberships
 * are stored; a change of an existing group is recorded in its document as pending until it is finished. What a call
 * leaves unfinished is resumed later. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { GroupDocument, PendingChange } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import {
  hasExclusiveChange,
  hasOtherChanges,
  nextVersion,
  toGroup,
  toNewGroupDocument,
  toPlaceholder,
  withOutboxChange,
  withoutPendingChange,
  withPendingChange,
} from './group-documents.js';
import { type GroupContext, queryOf, type ReadGroup, updateGroup } from './group-writes.js';

/** The most documents that one call resumes. */
const BATCH = 100;

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

    /** Replaces the reservation by the group as version 1, undefined if it is gone. Throws DuplicateKeyError. */
    async publish(group: Group, change: Change, deadline: number): Promise<Group | undefined> {
      const document = toNewGroupDocument(group, change);
      const options = { ignoreUndefined: true, ...within(deadline) };
      const replacing = withDuplicateKeyError(groups.replaceOne(reservationOf(group), document, options));
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

    /** Moves a pending change to the outbox as `change`. Returns undefined if the organization has no such group. */
    finish({ organizationId, id: _id }: Group, pendingId: string, change: Change, deadline: number) {
      const steps = finishing(change.time as Date, pendingId, change);
      return updateGroup(context, { organizationId, _id }, steps, deadline);
    },

    /**
     * Resumes what calls that began before `time` left unfinished: records their pending changes, and cancels their
     * reservations once `sweep` has deleted the memberships. Returns the number of documents, at most 100.
     */
    async resume(time: Date, sweep: SweepReservation, deadline: number): Promise<number> {
      const options = { limit: BATCH, hint: 'begun', ...within(deadline) };
      const unfinished = await context.groups.find({ 'begun.time': { $lt: time } }, options).toArray();
      for (const document of unfinished) {
        if (document.organizationId === TOMBSTONE_ORGANIZATION) {
          await resumeReservation(context, document, sweep, deadline);
        } else await resumePendingChanges(context, document, time, deadline);
      }
      return unfinished.length;
    },
  };
}

/** The steps that move a pending change to the outbox. */
const finishing = (time: Date, pendingId: string, change: Change) => [
  nextVersion(time),
  withoutPendingChange(pendingId),
  withOutboxChange(change),
];

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

async function resumePendingChanges(
  context: GroupContext,
  { organizationId, _id, begun: pendingChanges = [] }: GroupDocument,
  before: Date,
  deadline: number,
): Promise<void> {
  for (const { id, time, change } of pendingChanges) {
    if (time >= before) continue;
    await updateGroup(context, { organizationId, _id, 'begun.id': id }, finishing(time, id, change), deadline);
  }
}
