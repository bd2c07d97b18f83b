/** The schemas of organizations and their API tokens, with their indexes. */
import { type InferRawDocType, Schema } from 'mongoose';
import type { ExtensionSchema, HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { KeptBodies, ProvisioningPolicy, RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import { outboxIndex, recordFields } from './outbox.js';
import {
  described,
  listOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  optionalTime,
  schemaOptions,
  text,
  time,
} from './schema.js';

const organizationFields = {
  _id: text,
  displayName: text,
  createTime: time,
  /** Its version and the settings below are absent in documents of an earlier version. When it is deleted, its data is purged. */
  ...recordFields,
  strictSchemas: optionalFlag,
  extensionSchemas: listOf<ExtensionSchema>(),
  suspended: optionalFlag,
  /** The number of times that all sessions of the organization were ended; absent is 0. */
  sessionEpoch: optionalNumber,
  /** Null in some documents of an earlier version, as is the rate limit. */
  policy: described<ProvisioningPolicy>(),
  rateLimit: described<RateLimit>(),
  keptBodies: described<KeptBodies>(),
  allBodiesUntil: optionalTime,
  /** The attributes of extensions that users have or had; `key` identifies each in one letter case. */
  heldAttributes: listOf<HeldAttribute & { key: string }>(),
} as const;

/** An organization as stored. */
export type OrganizationDocument = InferRawDocType<typeof organizationFields>;

export const organizationSchema: Schema<OrganizationDocument> = new Schema<OrganizationDocument>(
  organizationFields,
  schemaOptions,
)
  .index({ createTime: 1, _id: 1 }, { name: 'order' })
  .index({ deleteTime: 1 }, { sparse: true, name: 'deleted' })
  .index(...outboxIndex);

const apiTokenFields = {
  _id: text,
  ...recordFields,
  organizationId: text,
  /** SHA-256 of the token in hexadecimal; the token itself is never stored. */
  digest: text,
  /** The last four characters of the token; absent in documents of an earlier version. */
  secretSuffix: optionalText,
  label: text,
  createTime: time,
  createdBy: optionalText,
  expireTime: optionalTime,
  lifetimeSeconds: optionalNumber,
  lastUseTime: optionalTime,
  revokeTime: optionalTime,
  /** One of a few slots that an organization's live tokens share, so that the unique index bounds their number. */
  slot: optionalNumber,
} as const;

/** An API token as stored. */
export type ApiTokenDocument = InferRawDocType<typeof apiTokenFields>;

export const apiTokenSchema: Schema<ApiTokenDocument> = new Schema<ApiTokenDocument>(apiTokenFields, schemaOptions)
  .index({ organizationId: 1, digest: 1 }, { unique: true, name: 'digest' })
  .index(
    { organizationId: 1, slot: 1 },
    { unique: true, name: 'slot', partialFilterExpression: { slot: { $exists: true } } },
  )
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ secretSuffix: 1 }, { sparse: true, name: 'secretSuffix' })
  .index(...outboxIndex);
