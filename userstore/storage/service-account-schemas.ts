/** The schema of service accounts, with its indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import type { Role } from '../../proto/gen/userstore/v1/service_account_service.js';
import { outboxIndex, recordFields } from './outbox.js';
import { enumOf, number, optionalText, optionalTime, schemaOptions, text, time } from './schema.js';

const serviceAccountFields = {
  _id: text,
  ...recordFields,
  name: text,
  role: enumOf<Role>(),
  /** Empty: the account may see all. */
  organizationIds: { type: [String], required: true },
  /** SHA-256 of the secret in hexadecimal; the secret itself is never stored. */
  digest: text,
  /** That of the secret before, which is valid until `overlapEndTime`. */
  previousDigest: optionalText,
  overlapEndTime: optionalTime,
  createTime: time,
  createdBy: text,
  lastUseTime: optionalTime,
  /** One of a few slots that all accounts share, so that the unique index bounds their number. */
  slot: number,
} as const;

/** A service account as stored. */
export type ServiceAccountDocument = InferRawDocType<typeof serviceAccountFields>;

export const serviceAccountSchema: Schema<ServiceAccountDocument> = new Schema<ServiceAccountDocument>(
  serviceAccountFields,
  schemaOptions,
)
  .index({ name: 1 }, { unique: true, name: 'name' })
  .index({ slot: 1 }, { unique: true, name: 'slot' })
  .index(...outboxIndex);
