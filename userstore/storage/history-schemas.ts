/** The schemas of activities and changes, with their indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import type { KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { AttributeChange, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { described, enumOf, expiryIndex, listOf, number, optionalText, schemaOptions, text, time } from './schema.js';

/** A partial index of group ids: most records are of users. */
const groupIndex = () => ({ name: 'ofGroup', partialFilterExpression: { groupId: { $exists: true } } });

const activityFields = {
  /** The request id; of an operation of a bulk request, with "." and four digits after it. */
  _id: text,
  organizationId: text,
  time,
  apiTokenId: optionalText,
  apiTokenLabel: optionalText,
  method: text,
  path: text,
  userId: optionalText,
  groupId: optionalText,
  /** The user name of the person, as sent or as stored, and folded. */
  userName: optionalText,
  userNameKey: optionalText,
  /** The name of the group. */
  groupName: optionalText,
  status: number,
  scimType: optionalText,
  detail: optionalText,
  durationMs: number,
  expireTime: time,
} as const;

/** An activity as stored. */
export type ActivityDocument = InferRawDocType<typeof activityFields>;

export const activitySchema: Schema<ActivityDocument> = new Schema<ActivityDocument>(activityFields, schemaOptions)
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, userId: 1, _id: 1 }, { name: 'ofUser' })
  .index({ organizationId: 1, groupId: 1, _id: 1 }, groupIndex())
  .index(
    { organizationId: 1, userNameKey: 1, _id: 1 },
    { name: 'ofUserName', partialFilterExpression: { userNameKey: { $exists: true } } },
  )
  .index(
    { organizationId: 1, _id: 1, status: 1 },
    { name: 'failed', partialFilterExpression: { status: { $gte: 400 } } },
  )
  .index(...expiryIndex);

const bodyFields = {
  /** The id of the activity. */
  _id: text,
  organizationId: text,
  time,
  /** JSON text, so that nothing that a client sent is a name in the document. */
  request: described<KeptBody>(),
  response: described<KeptBody>(),
  expireTime: time,
} as const;

/** The bodies of a request and its answer as stored. */
export type BodyDocument = InferRawDocType<typeof bodyFields>;

export const bodySchema: Schema<BodyDocument> = new Schema<BodyDocument>(bodyFields, schemaOptions)
  .index({ organizationId: 1, time: 1 }, { name: 'time' })
  .index(...expiryIndex);

const changeFields = {
  /** Id of the user or group, "/", and version. */
  _id: text,
  organizationId: text,
  /** Empty for a change of a group. */
  userId: text,
  groupId: optionalText,
  version: number,
  kind: enumOf<Change_Kind>(),
  time,
  actor: described<Actor>(),
  attributes: listOf<AttributeChange>(),
  /** The mark of the request that made the change, if its caller may repeat it. */
  mark: optionalText,
  expireTime: time,
} as const;

/** A change of a user or group as stored, once flushed from the outbox. */
export type ChangeDocument = InferRawDocType<typeof changeFields>;

export const changeSchema: Schema<ChangeDocument> = new Schema<ChangeDocument>(changeFields, schemaOptions)
  .index({ organizationId: 1, userId: 1, version: 1, 'actor.requestId': 1 }, { name: 'ofUser' })
  .index({ organizationId: 1, groupId: 1, version: 1, 'actor.requestId': 1 }, groupIndex())
  .index({ organizationId: 1, mark: 1 }, { name: 'ofMark', partialFilterExpression: { mark: { $exists: true } } })
  .index(...expiryIndex);
