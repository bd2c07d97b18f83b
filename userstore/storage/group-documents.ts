/** Group ↔ stored document, and the steps of the updates that take a document from one version to the next. */
import type { mongo } from 'mongoose';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { etagOf } from '../model/etag.js';
import { fold } from '../model/fields.js';
import { visibleName } from '../model/names.js';
import type { GroupDocument, OutboxEntry, PendingChange } from './directory-schemas.js';
import { SCHEMA_VERSION, TOMBSTONE_ORGANIZATION } from './documents.js';
import { GROUP_VALUES, groupValues } from './event-documents.js';

/** A write sent just before its deadline has ended this long after it. */
const LATE_MS = 1000;

/** Returns the document of a valid group in normal form. */
export function toGroupDocument(group: Group, version: number): GroupDocument {
  const { id: _id, organizationId, displayName = '', externalId } = group;
  return {
    _id,
    organizationId,
    version,
    createTime: group.createTime as Date,
    updateTime: group.updateTime as Date,
    displayName,
    displayNameKey: fold(displayName),
    visibleName: visibleName(displayName),
    layout: SCHEMA_VERSION,
    ...(externalId === undefined ? {} : { externalId }),
  };
}

/** The most ids of members in one event. */
const MAX_IDS = 1000;

/** Returns the document of a new group: version 1, with the change that made it in the outbox. */
export function toNewGroupDocument(
  group: Group,
  change: OutboxEntry,
  memberIds: readonly string[] = [],
): GroupDocument {
  const document = toGroupDocument(group, 1);
  const entry: OutboxEntry = { ...change, version: 1, groupId: group.id, group: groupValues(document) };
  return { ...document, unmoved: partsOf(entry, memberIds) };
}

/** Returns an entry for each 1000 members. The history shows the first; an event shows its own members. */
function partsOf(entry: OutboxEntry, memberIds: readonly string[]): OutboxEntry[] {
  const count = Math.ceil(memberIds.length / MAX_IDS);
  if (count === 0) return [entry];
  return Array.from({ length: count }, (_, index) => ({
    ...entry,
    ...(index === 0 ? {} : { kind: Change_Kind.KIND_UPDATE, part: index, attributes: [MEMBERS] }),
    added: memberIds.slice(index * MAX_IDS, (index + 1) * MAX_IDS),
    complete: index === count - 1,
  }));
}

const MEMBERS = { name: 'members', before: undefined, after: undefined };

/** Returns the document that reserves the id of a new group while its memberships are stored, in no organization. */
export const toPlaceholder = ({ id, organizationId, createTime }: Group, change: Change): GroupDocument => ({
  _id: id,
  organizationId: TOMBSTONE_ORGANIZATION,
  removedFrom: organizationId,
  version: 0,
  createTime: createTime as Date,
  updateTime: createTime as Date,
  displayNameKey: id,
  layout: SCHEMA_VERSION,
  begun: [{ id, time: createTime as Date, change, isExact: false }],
});

/** Returns the group of a document; the caller may change it. */
export function toGroup(document: GroupDocument): Group {
  const { _id: id, organizationId, version, createTime, updateTime, displayName, externalId } = document;
  return { id, organizationId, etag: etagOf(version), createTime, updateTime, displayName, externalId };
}

/**
 * A step of an update pipeline: it sees the values that earlier steps have set. Clients' values are literals, never
 * expressions.
 */
export type Step = mongo.Document;

/** Makes the document the next version, with these fields if given. */
export const nextVersion = (time: Date, fields?: Group): Step => ({
  $set: {
    version: { $add: ['$version', 1] },
    updateTime: { $max: ['$updateTime', time] },
    ...(fields ? fieldsOf(fields) : {}),
  },
});

const fieldsOf = ({ displayName = '', externalId }: Group) => ({
  displayName: { $literal: displayName },
  displayNameKey: { $literal: fold(displayName) },
  // A group keeps the name that it has, also if another one looks the same.
  visibleName: {
    $cond: [
      { $eq: ['$displayName', { $literal: displayName }] },
      { $ifNull: ['$visibleName', '$$REMOVE'] },
      { $literal: visibleName(displayName) },
    ],
  },
  externalId: externalId === undefined ? '$$REMOVE' : { $literal: externalId },
});

/** An expression: the values of the group for its outbox entry. */
const VALUES = Object.fromEntries(GROUP_VALUES.map((name) => [name, `$${name}`]));

/** Adds to the outbox the change that made the current version. */
export const withOutboxChange = (change: OutboxEntry): Step => ({
  $set: {
    unmoved: appended('$unmoved', {
      $mergeObjects: [{ $literal: change }, { version: '$version', groupId: '$_id', group: VALUES }],
    }),
  },
});

/** Adds a pending change that ends at `deadline` (epoch milliseconds). */
export const withPendingChange = (pending: PendingChange, deadline: number): Step => ({
  $set: { begun: appended('$begun', endingAt(pending, deadline)) },
});

const endingAt = (pending: PendingChange, deadline: number) => ({
  $mergeObjects: [
    { $literal: pending },
    { until: { $add: ['$$NOW', Math.max(0, Math.floor(deadline - Date.now())) + LATE_MS] } },
  ],
});

/** Makes the document the reservation of a group that ends at `deadline` (epoch milliseconds). */
export const asPlaceholder = (group: Group, change: Change, deadline: number): Step[] => {
  const { begun: [pending] = [], ...placeholder } = toPlaceholder(group, change);
  const begun = pending ? [endingAt(pending, deadline)] : [];
  return [{ $replaceWith: { $mergeObjects: [{ $literal: placeholder }, { begun }] } }];
};

/** An expression: whether `condition` is true of a pending change ($$this) that has not ended. */
const anyPending = (condition: object) => ({
  $anyElementTrue: {
    $map: {
      input: { $ifNull: ['$begun', []] },
      in: { $and: [{ $gt: ['$$this.until', '$$NOW'] }, condition] },
    },
  },
});

/** An expression: whether the request with this mark is at work. */
export const isAtWork = (mark: string) => anyPending({ $eq: ['$$this.mark', { $literal: mark }] });

/** An expression: whether there is a pending change that has not ended. */
export const hasPendingChange = anyPending({});

/** An expression: whether a pending change sets all memberships. */
export const hasExclusiveChange = anyPending({ $eq: ['$$this.isExact', true] });

/** An expression: whether there is another pending change than this one. */
export const hasOtherChanges = (id: string) => anyPending({ $ne: ['$$this.id', id] });

/** Names the users whose memberships a pending change writes next. */
export const withPendingIds = (id: string, ids: readonly string[]): Step =>
  eachPending({ $eq: ['$$this.id', id] }, { ids: { $literal: ids }, isStale: false });

/** Tells the other pending changes of these users that the memberships which they have read may have changed. */
export const withStaleReaders = (id: string, ids: readonly string[]): Step => {
  const shared = { $setIntersection: [{ $ifNull: ['$$this.ids', []] }, { $literal: ids }] };
  return eachPending({ $and: [{ $ne: ['$$this.id', id] }, { $ne: [shared, []] }] }, { isStale: true });
};

/** Sets values of those pending changes ($$this) for which the condition is true. */
const eachPending = (condition: object, values: object): Step => ({
  $set: {
    begun: {
      $map: { input: '$begun', in: { $cond: [condition, { $mergeObjects: ['$$this', values] }, '$$this'] } },
    },
  },
});

/** Removes a pending change, and the list of them with the last one. */
export const withoutPendingChange = (id: string): Step => {
  const others = { $filter: { input: '$begun', cond: { $ne: ['$$this.id', id] } } };
  return {
    $set: { begun: { $let: { vars: { others }, in: { $cond: [{ $eq: ['$$others', []] }, '$$REMOVE', '$$others'] } } } },
  };
};

const appended = (list: string, element: object) => ({ $concatArrays: [{ $ifNull: [list, []] }, [element]] });

/**
 * Turns the document into a tombstone, which holds the outbox until it is flushed. It belongs to no organization and
 * frees the group's name.
 */
export const asTombstone: Step = {
  $replaceWith: {
    _id: '$_id',
    organizationId: TOMBSTONE_ORGANIZATION,
    removedFrom: '$organizationId',
    version: '$version',
    createTime: '$createTime',
    updateTime: '$updateTime',
    displayNameKey: '$_id',
    layout: { $literal: SCHEMA_VERSION },
    unmoved: '$unmoved',
  },
};
