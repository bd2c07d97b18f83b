/** The schema of requests that callers may repeat. */
import { type InferRawDocType, Schema } from 'mongoose';
import { expiryIndex, optionalText, optionalTime, schemaOptions, text, time } from './schema.js';

const requestFields = {
  /** A digest of the organization, the caller and the request id. */
  _id: text,
  organizationId: text,
  /** A digest of the content. */
  content: text,
  /** The mark of the changes that the request makes; the id of the resource that it creates. */
  mark: text,
  /** The time when the mark was made. */
  time,
  /** The secret of the token that the request issues, encrypted. */
  sealedSecret: optionalText,
  /** The time when the request took effect. Absent: perhaps not yet. */
  doneTime: optionalTime,
  expireTime: time,
} as const;

/** A request as stored. */
export type RequestDocument = InferRawDocType<typeof requestFields>;

export const requestSchema: Schema<RequestDocument> = new Schema<RequestDocument>(requestFields, schemaOptions)
  .index({ organizationId: 1 }, { name: 'ofOrganization' })
  .index(...expiryIndex);
