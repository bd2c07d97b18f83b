/** The schemas of the event log and of its lease, with their indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { AttributeChange } from '../../proto/gen/userstore/v1/change.js';
import {
  described,
  expiryIndex,
  flag,
  listOf,
  number,
  optionalText,
  optionalTime,
  schemaOptions,
  text,
  time,
} from './schema.js';

const eventFields = {
  /** The position in the log, counted from 1. */
  _id: number,
  /** The event's id: a change has one event, whatever fails while it is written. */
  key: text,
  organizationId: text,
  type: text,
  time,
  resourceType: text,
  resourceId: text,
  version: number,
  actor: described<Actor>(),
  changes: listOf<AttributeChange>(),
  /** The resource after the change as the contract encodes it; absent if it was deleted. */
  resource: described<Uint8Array>(),
  added: listOf<string>(),
  removed: listOf<string>(),
  complete: flag,
  /** The time of the write of the event. */
  recordTime: time,
  expireTime: time,
} as const;

/** An event as stored. */
export type EventDocument = InferRawDocType<typeof eventFields>;

/** An event that has no position yet. */
export type NewEvent = Omit<EventDocument, '_id' | 'recordTime' | 'expireTime'>;

export const eventSchema: Schema<EventDocument> = new Schema<EventDocument>(eventFields, schemaOptions)
  .index({ key: 1 }, { unique: true, name: 'key' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ resourceId: 1, _id: 1 }, { name: 'ofResource' })
  .index({ recordTime: 1, _id: 1 }, { name: 'recordTime' })
  // The acts of people, who are few. `complete` has two values, so MongoDB merges two ranges and sorts nothing.
  .index(
    { complete: 1, _id: 1, organizationId: 1, 'actor.person': 1, type: 1 },
    { name: 'byPerson', partialFilterExpression: { 'actor.person': { $gt: '' } } },
  )
  .index(...expiryIndex);

const eventLogFields = {
  _id: text,
  /** A position that has been used: no event gets this or an earlier one again. */
  position: number,
  /** The userstore that moves changes into the log, until `leaseEndTime`. */
  holder: optionalText,
  leaseEndTime: optionalTime,
} as const;

/** The only document about the log itself. */
export type EventLogDocument = InferRawDocType<typeof eventLogFields>;

export const eventLogSchema: Schema<EventLogDocument> = new Schema<EventLogDocument>(eventLogFields, schemaOptions);
