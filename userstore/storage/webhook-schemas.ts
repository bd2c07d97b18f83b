/** The schema of webhooks, with its indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import type { Webhook_State, WebhookAttempt } from '../../proto/gen/userstore/v1/webhook_service.js';
import { outboxIndex, recordFields } from './outbox.js';
import {
  enumOf,
  listOf,
  number,
  optionalNumber,
  optionalText,
  optionalTime,
  schemaOptions,
  text,
  time,
} from './schema.js';

const webhookFields = {
  _id: text,
  ...recordFields,
  /** Absent: the webhook is told of the events of all organizations. */
  organizationId: optionalText,
  url: text,
  types: { type: [String], required: true },
  state: enumOf<Webhook_State>(),
  cursor: text,
  createTime: time,
  /** Encrypted. */
  sealedSecret: text,
  /** The secret that was replaced, encrypted; it signs until `overlapEndTime`. */
  sealedPreviousSecret: optionalText,
  overlapEndTime: optionalTime,
  failingSince: optionalTime,
  failures: number,
  nextAttemptTime: optionalTime,
  lastSuccessTime: optionalTime,
  /** The latest attempts, oldest first. */
  attempts: listOf<WebhookAttempt>(),
  /** The test event that is due. */
  testId: optionalText,
  /** The edge that delivers, until `leaseEndTime`. */
  holder: optionalText,
  leaseEndTime: optionalTime,
  /** Counts the leases and the changes that end one. */
  fence: number,
  /** One of a few slots that an organization's webhooks share, so that the unique index bounds their number. */
  slot: optionalNumber,
  /** The organization of the slot; "" for webhooks of all organizations. */
  slotOwner: text,
} as const;

/** A webhook as stored. */
export type WebhookDocument = InferRawDocType<typeof webhookFields>;

export const webhookSchema: Schema<WebhookDocument> = new Schema<WebhookDocument>(webhookFields, schemaOptions)
  .index({ slotOwner: 1, slot: 1 }, { unique: true, name: 'slot' })
  .index({ state: 1, leaseEndTime: 1 }, { name: 'lease' })
  .index(...outboxIndex);
