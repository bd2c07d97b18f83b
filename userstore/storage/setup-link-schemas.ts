/** The schema of setup links, with its indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import { outboxIndex, recordFields } from './outbox.js';
import { number, optionalNumber, optionalText, optionalTime, schemaOptions, text, time } from './schema.js';

/** Time for which a link is kept after its end, so that support sees who had it: 90 days. */
const ENDED_LINK_KEPT_SECONDS = 90 * 86_400;

const setupLinkFields = {
  _id: text,
  ...recordFields,
  organizationId: text,
  /** SHA-256 of the secret in hexadecimal; the secret itself is never stored. */
  digest: text,
  recipient: text,
  domains: { type: [String], required: true },
  createTime: time,
  createdBy: text,
  expireTime: time,
  revokeTime: optionalTime,
  openTime: optionalTime,
  openAddress: optionalText,
  issuedTokens: number,
  /** One of a few slots that an organization's live links share, so that the unique index bounds their number. */
  slot: optionalNumber,
} as const;

/** A setup link as stored. */
export type SetupLinkDocument = InferRawDocType<typeof setupLinkFields>;

export const setupLinkSchema: Schema<SetupLinkDocument> = new Schema<SetupLinkDocument>(setupLinkFields, schemaOptions)
  .index({ digest: 1 }, { unique: true, name: 'digest' })
  .index(
    { organizationId: 1, slot: 1 },
    { unique: true, name: 'slot', partialFilterExpression: { slot: { $exists: true } } },
  )
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ expireTime: 1 }, { expireAfterSeconds: ENDED_LINK_KEPT_SECONDS, name: 'expiry' })
  .index(...outboxIndex);
