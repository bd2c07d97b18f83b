/**
 * The schemas of users, groups and memberships, with their indexes. Some stored field names are older than the words
 * that the code uses for them: documents.ts has the list.
 */
import { type InferRawDocType, Schema } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { GROUP_FIELDS, USER_FIELDS } from '../model/fields.js';
import type { ExtensionValue } from './extension-values.js';
import { outboxIndex } from './outbox.js';
import {
  described,
  fieldsOf,
  listOf,
  number,
  optionalNumber,
  optionalText,
  schemaOptions,
  text,
  time,
} from './schema.js';

/** A change in an outbox, with what its event needs. */
export interface OutboxEntry extends Change {
  /** The mark of the request that made the change, if its caller may repeat it. */
  mark?: string;
  /** The user after the change, encoded, once a later change follows. */
  resource?: Buffer;
  /** The fields of the group after the change. */
  group?: Partial<Pick<Group, 'displayName' | 'externalId' | 'createTime' | 'updateTime'>> | undefined;
  /** The ids of users that are members now, and of those that are not; of this part of the change. */
  added?: string[];
  removed?: string[];
  /** The number of the part; absent if the change has one part. */
  part?: number;
  /** False if the change of members has more parts. */
  complete?: boolean;
}

/** The fields of users and groups alike. */
const commonFields = {
  _id: text,
  organizationId: text,
  version: number,
  createTime: time,
  updateTime: time,
  /** The outbox: changes that are neither events nor in the `changes` collection yet. */
  unmoved: listOf<OutboxEntry>(),
  /** The schema version; absent in a group of an earlier version. */
  layout: optionalNumber,
  /**
   * The unique name as people see it. Absent in tombstones, and in one of two whose names looked the same before they
   * had to differ.
   */
  visibleName: optionalText,
  /** In a tombstone, the organization that the deleted user or group belonged to. */
  removedFrom: optionalText,
} as const;

/** The common part of a user's and a group's document. */
export type StoredDocument = InferRawDocType<typeof commonFields>;

/** A subject of an OpenID provider. */
export interface Link {
  issuer: string;
  subject: string;
}

/** The index that refuses names which look the same. */
const visibleNameIndex = [
  { organizationId: 1, visibleName: 1 },
  { unique: true, name: 'visibleName', partialFilterExpression: { visibleName: { $exists: true } } },
] as const;

const userFields = {
  ...commonFields,
  layout: number,
  ...fieldsOf<Omit<User, 'id' | 'organizationId' | 'etag' | 'createTime' | 'updateTime' | 'groups' | 'locked'>>(
    USER_FIELDS,
  ),
  userNameKey: text,
  /** The name of the person as it is heard, begun at each of its words: see spoken-names.ts. */
  spokenNames: listOf<string>(),
  extensionValues: listOf<ExtensionValue>(),
  /** The number of times that all sessions of the user were ended; absent is 0. */
  sessionEpoch: optionalNumber,
  locked: described<NonNullable<User['locked']>>(),
  link: described<Link>(),
} as const;

/**
 * A user as stored: attributes by their names in the contract, absent ones left out. Beside each text that ignores
 * letter case is its shadow, folded (`userNameKey`, `emails[].valueKey`), for indexes and filters.
 */
export type UserDocument = InferRawDocType<typeof userFields>;

export const userSchema: Schema<UserDocument> = new Schema<UserDocument>(userFields, schemaOptions)
  // This index makes user names unique; a read could not.
  .index({ organizationId: 1, userNameKey: 1 }, { unique: true, name: 'userName' })
  .index(...visibleNameIndex)
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, externalId: 1, _id: 1 }, { name: 'externalId' })
  .index({ organizationId: 1, 'emails.valueKey': 1, 'emails.typeKey': 1, _id: 1 }, { name: 'emailOfType' })
  .index({ organizationId: 1, 'extensionValues.name': 1, 'extensionValues.key': 1, _id: 1 }, { name: 'extension' })
  .index({ organizationId: 1, spokenNames: 1 }, { name: 'spokenName' })
  .index({ organizationId: 1, active: 1, _id: 1 }, { name: 'active' })
  .index({ organizationId: 1, updateTime: 1, _id: 1 }, { name: 'updateTime' })
  .index(
    { organizationId: 1, 'link.issuer': 1, 'link.subject': 1 },
    { unique: true, name: 'link', partialFilterExpression: { 'link.subject': { $exists: true } } },
  )
  .index(
    { organizationId: 1, 'locked.time': 1, _id: 1 },
    { name: 'locked', partialFilterExpression: { 'locked.time': { $exists: true } } },
  )
  .index({ layout: 1 }, { name: 'layout' })
  .index(...outboxIndex);

/** A pending change: a change of a group's memberships in progress. */
export interface PendingChange {
  id: string;
  time: Date;
  /** The change to record if the call that made it never finishes. */
  change: Change;
  /** The users whose memberships are being written. Absent in documents of an earlier version. */
  ids?: string[];
  /** True if another change of the same users was recorded since their memberships were last read. */
  isStale?: boolean;
  /** True if it sets all memberships, which excludes every other change of them. */
  isExact: boolean;
  /** The mark of the request that makes the change, if its caller may repeat it. */
  mark?: string;
  /** The time by the database's clock at which it has ended, successfully or not. */
  until?: Date;
}

const groupFields = {
  ...commonFields,
  ...fieldsOf<Pick<Group, 'displayName' | 'externalId'>>(GROUP_FIELDS),
  displayNameKey: text,
  /** Pending changes; each becomes a change in the outbox when it is finished. */
  begun: listOf<PendingChange>(),
} as const;

/** A group as stored, without its members; its name also folded, for the index and for filters. */
export type GroupDocument = InferRawDocType<typeof groupFields>;

export const groupSchema: Schema<GroupDocument> = new Schema<GroupDocument>(groupFields, schemaOptions)
  .index({ organizationId: 1, displayNameKey: 1 }, { unique: true, name: 'displayName' })
  .index(...visibleNameIndex)
  .index({ layout: 1 }, { name: 'layout' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, externalId: 1, _id: 1 }, { name: 'externalId' })
  .index({ organizationId: 1, updateTime: 1, _id: 1 }, { name: 'updateTime' })
  .index(...outboxIndex)
  .index({ 'begun.time': 1 }, { sparse: true, name: 'begun' });

const membershipFields = { organizationId: text, groupId: text, userId: text } as const;

/** A membership of a user in a group, as stored. */
export type MembershipDocument = Omit<InferRawDocType<typeof membershipFields>, '_id'>;

export const membershipSchema: Schema<MembershipDocument> = new Schema<MembershipDocument>(
  membershipFields,
  schemaOptions,
)
  // A user is a member of a group once.
  .index({ organizationId: 1, groupId: 1, userId: 1 }, { unique: true, name: 'member' })
  .index({ organizationId: 1, userId: 1, groupId: 1 }, { name: 'ofUser' });
