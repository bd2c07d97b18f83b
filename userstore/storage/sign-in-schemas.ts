/** The schemas of signing in: SSO connections, sessions and used keys, with their indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import { outboxIndex, recordFields } from './outbox.js';
import { expiryIndex, flag, number, optionalText, schemaOptions, text, time } from './schema.js';

const ssoConnectionFields = {
  /** The organization's id. */
  _id: text,
  /** A deleted connection leaves its version, so that the next connection goes on with it. */
  ...recordFields,
  version: number,
  issuer: text,
  clientId: text,
  /** Encrypted. */
  sealedSecret: text,
  domains: { type: [String], required: true },
  required: flag,
  /** Renewed with each new issuer: a session of an earlier epoch has ended. */
  sessionEpoch: text,
  createTime: time,
  updateTime: time,
} as const;

/** An SSO connection as stored. */
export type SsoConnectionDocument = InferRawDocType<typeof ssoConnectionFields>;

// A domain leads to one organization, and so do issuer and client id.
export const ssoConnectionSchema: Schema<SsoConnectionDocument> = new Schema<SsoConnectionDocument>(
  ssoConnectionFields,
  schemaOptions,
)
  .index({ domains: 1 }, { unique: true, name: 'domains' })
  .index({ issuer: 1, clientId: 1 }, { unique: true, name: 'client' })
  .index(...outboxIndex);

/** Time for which an ended session is kept, to be told from one that never existed. */
const ENDED_SESSION_KEPT_SECONDS = 86_400;

const sessionFields = {
  _id: text,
  organizationId: text,
  userId: text,
  /** SHA-256 of the token in hexadecimal; the token itself is never stored. */
  digest: text,
  /** The session epochs of the user, the organization and the SSO connection at sign-in. */
  userEpoch: number,
  organizationEpoch: number,
  connectionEpoch: text,
  createTime: time,
  lastUseTime: time,
  expireTime: time,
  signInId: text,
  /** Encrypted. */
  sealedIdToken: optionalText,
} as const;

/** A session as stored. */
export type SessionDocument = InferRawDocType<typeof sessionFields>;

export const sessionSchema: Schema<SessionDocument> = new Schema<SessionDocument>(sessionFields, schemaOptions)
  .index({ digest: 1 }, { unique: true, name: 'digest' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, userId: 1, _id: 1 }, { name: 'ofUser' })
  .index({ expireTime: 1 }, { expireAfterSeconds: ENDED_SESSION_KEPT_SECONDS, name: 'expiry' });

const usedKeyFields = { _id: text, expireTime: time } as const;

/** A key that must not be used again until it expires. */
export type UsedKeyDocument = InferRawDocType<typeof usedKeyFields>;

export const usedKeySchema: Schema<UsedKeyDocument> = new Schema<UsedKeyDocument>(usedKeyFields, schemaOptions).index(
  ...expiryIndex,
);
