/** Group ↔ stored document, and the steps by which a document goes from one version to the next. */
import type { mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { fold } from '../model/fields.js';
import { etagOf, type StoredDocument, TOMBSTONE_ORGANIZATION } from './documents.js';

/** A group as stored, without its members; beside its name lies the folded one, for the index and for filters. */
export interface GroupDocument extends StoredDocument {
  displayName?: string;
  displayNameKey: string;
  externalId?: string;
  /** Changes of memberships that are being made; each becomes one of `unmoved` when it is done. */
  begun?: PendingChange[];
}

/** A change of memberships on its way. */
export interface PendingChange {
  id: string;
  time: Date;
  /** What is recorded should nobody finish it. */
  change: Change;
  /** Whether it sets all memberships, so that no other change of them may be made meanwhile. */
  isExact: boolean;
  /** Until when it can be under way, by the database's clock; from then on it has ended, however it has. */
  until?: Date;
}

/** A write sent just before its deadline is over so many milliseconds after it. */
const LATE_MS = 1000;

/** The document of a valid group in normal form. */
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

/** Holds the place of a group whose memberships are being stored: no organization has it. */
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

/** The group of a document; the caller may change it. */
export function toGroup(document: GroupDocument): Group {
  const { _id: id, organizationId, version, createTime, updateTime, displayName, externalId } = document;
  return { id, organizationId, etag: etagOf(version), createTime, updateTime, displayName, externalId };
}

/** One step of an update; steps see what those before have set. Values are literal: none is an expression. */
type Step = mongo.Document;

/** Makes it the next version, with these fields where they are given. */
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

/** Records a change as what made the version and the group that the document is by then. */
export const withOutboxChange = (change: Change): Step => ({
  $set: {
    unmoved: appended('$unmoved', {
      $mergeObjects: [{ $literal: change }, { version: '$version', groupId: '$_id' }],
    }),
  },
});

/** Says that a change of memberships is being made, until `deadline` (epoch milliseconds). */
export const withPendingChange = (work: PendingChange, deadline: number): Step => {
  const until = { $add: ['$$NOW', Math.max(0, Math.floor(deadline - Date.now())) + LATE_MS] };
  return { $set: { begun: appended('$begun', { $mergeObjects: [{ $literal: work }, { until }] }) } };
};

/** An expression: whether a change of memberships is under way of which `condition` ($$this) is true. */
const underWay = (condition: object) => ({
  $anyElementTrue: {
    $map: {
      input: { $ifNull: ['$begun', []] },
      in: { $and: [{ $gt: ['$$this.until', '$$NOW'] }, condition] },
    },
  },
});

/** Whether all memberships are being set. */
export const hasExclusiveChange = underWay({ $eq: ['$$this.isExact', true] });

/** Whether another change of memberships than this one is under way. */
export const hasOtherChanges = (workId: string) => underWay({ $ne: ['$$this.id', workId] });

/** Says that it is made. */
export const withoutPendingChange = (workId: string): Step => {
  const others = { $filter: { input: '$begun', cond: { $ne: ['$$this.id', workId] } } };
  return {
    $set: { begun: { $let: { vars: { others }, in: { $cond: [{ $eq: ['$$others', []] }, '$$REMOVE', '$$others'] } } } },
  };
};

const appended = (list: string, element: object) => ({ $concatArrays: [{ $ifNull: [list, []] }, [element]] });

/** Leaves nothing but what is moved and swept afterwards: no organization has the group, and its name is free. */
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
