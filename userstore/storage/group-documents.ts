/** Group ↔ stored document, and the steps of the updates that take a document from one version to the next. */
import type { mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { fold } from '../model/fields.js';
import type { GroupDocument, PendingChange } from './directory-schemas.js';
import { etagOf, TOMBSTONE_ORGANIZATION } from './documents.js';
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
    ...(externalId === undefined ? {} : { externalId }),
  };
}

/** Returns the document of a new group: version 1, with the change that made it in the outbox. */
export function toNewGroupDocument(group: Group, change: Change): GroupDocument {
  const document = toGroupDocument(group, 1);
  return { ...document, unmoved: [{ ...change, version: 1, groupId: group.id, group: groupValues(document) }] };
}

/** Returns the document that reserves the id of a new group while its memberships are stored, in no organization. */
export const toPlaceholder = ({ id, organizationId, createTime }: Group, change: Change): GroupDocument => ({
  _id: id,
  organizationId: TOMBSTONE_ORGANIZATION,
  removedFrom: organizationId,
  version: 0,
  createTime: createTime as Date,
  updateTime: createTime as Date,
  displayNameKey: id,
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
  externalId: externalId === undefined ? '$$REMOVE' : { $literal: externalId },
});

/** An expression: the values of the group for its outbox entry. */
const VALUES = Object.fromEntries(GROUP_VALUES.map((name) => [name, `$${name}`]));

/** Adds to the outbox the change that made the current version. */
export const withOutboxChange = (change: Change): Step => ({
  $set: {
    unmoved: appended('$unmoved', {
      $mergeObjects: [{ $literal: change }, { version: '$version', groupId: '$_id', group: VALUES }],
    }),
  },
});

/** Adds a pending change that ends at `deadline` (epoch milliseconds). */
export const withPendingChange = (pending: PendingChange, deadline: number): Step => {
  const until = { $add: ['$$NOW', Math.max(0, Math.floor(deadline - Date.now())) + LATE_MS] };
  return { $set: { begun: appended('$begun', { $mergeObjects: [{ $literal: pending }, { until }] }) } };
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

/** An expression: whether a pending change sets all memberships. */
export const hasExclusiveChange = anyPending({ $eq: ['$$this.isExact', true] });

/** An expression: whether there is another pending change than this one. */
export const hasOtherChanges = (id: string) => anyPending({ $ne: ['$$this.id', id] });

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
    unmoved: '$unmoved',
  },
};
