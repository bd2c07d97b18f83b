/** The mongoose models: what each collection holds, and the indexes that its promises rest on. */
import { type Connection, type Model, Schema } from 'mongoose';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ProvisioningPolicy, RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import { type Fields, GROUP_FIELDS, USER_FIELDS } from '../model/fields.js';
import { shadowKey, type UserDocument } from './documents.js';
import type { GroupDocument } from './group-documents.js';
import { expiry, options } from './schema-options.js';
import { createSignInModels, type SignInModels } from './sign-in-models.js';

/** A customer as stored. */
export interface OrganizationDocument {
  _id: string;
  displayName: string;
  createTime: Date;
  version?: number;
  /** Gone; what belongs to it is being removed. */
  deleteTime?: Date;
  strictSchemas?: boolean;
  extensionSchemas?: ExtensionSchema[];
  suspended?: boolean;
  /** How often all sessions of the organization have been ended; absent is 0. */
  sessionEpoch?: number;
  policy?: ProvisioningPolicy | undefined;
  rateLimit?: RateLimit | undefined;
}

/** An API token as stored: never its secret. */
export interface ApiTokenDocument {
  _id: string;
  organizationId: string;
  digest: string;
  label: string;
  createTime: Date;
  createdBy?: string;
  expireTime?: Date;
  lifetimeSeconds?: number | undefined;
  lastUseTime?: Date;
  revokeTime?: Date;
  /** Its place among the live ones. */
  slot?: number;
}

/** That a user is a member of a group, as stored. */
export interface MembershipDocument {
  organizationId: string;
  groupId: string;
  userId: string;
}

/** A change of a user or group as stored, once it has been moved out of the document. */
export interface ChangeDocument extends Change {
  /** User or group id, and version. */
  _id: string;
  organizationId: string;
  expireTime: Date;
}

/** An activity as stored. */
export interface ActivityDocument extends Omit<Activity, 'id' | 'time' | 'change'> {
  _id: string;
  time: Date;
  expireTime: Date;
  /** The user name that a new user was to have, folded. */
  userNameKey?: string;
}

/** The collections of one database. */
export interface Models extends SignInModels {
  changes: Model<ChangeDocument>;
  activities: Model<ActivityDocument>;
  users: Model<UserDocument>;
  groups: Model<GroupDocument>;
  memberships: Model<MembershipDocument>;
  organizations: Model<OrganizationDocument>;
  apiTokens: Model<ApiTokenDocument>;
}

const text = { type: String };

/** The shape of documents, made of the table of fields; `type` as a name needs the long form. */
function schemaOf(fields: Fields): Record<string, object> {
  const entries = Object.entries(fields).flatMap(([name, field]): [string, object][] => {
    if (field.kind === 'flag') return [[name, { type: Boolean }]];
    if (field.kind === 'text')
      return field.fold
        ? [
            [name, text],
            [shadowKey(name), text],
          ]
        : [[name, text]];
    const inner = schemaOf(field.fields);
    return [[name, field.kind === 'message' ? inner : [{ _id: false, ...inner }]]];
  });
  return Object.fromEntries(entries);
}

const userSchema: Schema<UserDocument> = new Schema<UserDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    version: { type: Number, required: true },
    createTime: { type: Date, required: true },
    updateTime: { type: Date, required: true },
    layout: { type: Number, required: true },
    ...schemaOf(USER_FIELDS),
    userNameKey: { type: String, required: true },
    extensionValues: [{ _id: false, name: text, value: Schema.Types.Mixed, key: Schema.Types.Mixed }],
    sessionEpoch: Number,
    locked: Schema.Types.Mixed,
    link: { issuer: String, subject: String },
    unmoved: [Schema.Types.Mixed],
    removedFrom: String,
  },
  options,
)
  // Uniqueness is this index, never a look-up.
  .index({ organizationId: 1, userNameKey: 1 }, { unique: true, name: 'userName' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, externalId: 1, _id: 1 }, { name: 'externalId' })
  .index({ organizationId: 1, 'emails.valueKey': 1, 'emails.typeKey': 1, _id: 1 }, { name: 'emailOfType' })
  .index({ organizationId: 1, 'extensionValues.name': 1, 'extensionValues.key': 1, _id: 1 }, { name: 'extension' })
  .index({ organizationId: 1, active: 1, _id: 1 }, { name: 'active' })
  .index({ organizationId: 1, updateTime: 1, _id: 1 }, { name: 'updateTime' })
  .index(
    { organizationId: 1, 'link.issuer': 1, 'link.subject': 1 },
    { unique: true, name: 'link', partialFilterExpression: { 'link.subject': { $exists: true } } },
  )
  .index({ layout: 1 }, { name: 'layout' })
  .index({ 'unmoved.version': 1 }, { sparse: true, name: 'unmoved' });

const groupSchema: Schema<GroupDocument> = new Schema<GroupDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    version: { type: Number, required: true },
    createTime: { type: Date, required: true },
    updateTime: { type: Date, required: true },
    ...schemaOf(GROUP_FIELDS),
    unmoved: [Schema.Types.Mixed],
    begun: [Schema.Types.Mixed],
    removedFrom: String,
  },
  options,
)
  .index({ organizationId: 1, displayNameKey: 1 }, { unique: true, name: 'displayName' })
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, externalId: 1, _id: 1 }, { name: 'externalId' })
  .index({ organizationId: 1, updateTime: 1, _id: 1 }, { name: 'updateTime' })
  .index({ 'unmoved.version': 1 }, { sparse: true, name: 'unmoved' })
  .index({ 'begun.time': 1 }, { sparse: true, name: 'begun' });

const membershipSchema: Schema<MembershipDocument> = new Schema<MembershipDocument>(
  {
    organizationId: { type: String, required: true },
    groupId: { type: String, required: true },
    userId: { type: String, required: true },
  },
  options,
)
  // A member is one once.
  .index({ organizationId: 1, groupId: 1, userId: 1 }, { unique: true, name: 'member' })
  .index({ organizationId: 1, userId: 1, groupId: 1 }, { name: 'ofUser' });

const organizationSchema: Schema<OrganizationDocument> = new Schema<OrganizationDocument>(
  {
    _id: { type: String, required: true },
    displayName: { type: String, required: true },
    createTime: Date,
    version: Number,
    strictSchemas: Boolean,
    deleteTime: Date,
    extensionSchemas: [Schema.Types.Mixed],
    suspended: Boolean,
    sessionEpoch: Number,
    policy: Schema.Types.Mixed,
    rateLimit: Schema.Types.Mixed,
  },
  options,
)
  .index({ createTime: 1, _id: 1 }, { name: 'order' })
  .index({ deleteTime: 1 }, { sparse: true, name: 'deleted' });

const apiTokenSchema: Schema<ApiTokenDocument> = new Schema<ApiTokenDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    digest: { type: String, required: true },
    label: { type: String, required: true },
    createTime: { type: Date, required: true },
    createdBy: String,
    expireTime: Date,
    lifetimeSeconds: Number,
    lastUseTime: Date,
    revokeTime: Date,
    slot: Number,
  },
  options,
)
  .index({ organizationId: 1, digest: 1 }, { unique: true, name: 'digest' })
  .index(
    { organizationId: 1, slot: 1 },
    { unique: true, name: 'slot', partialFilterExpression: { slot: { $exists: true } } },
  )
  .index({ organizationId: 1, _id: 1 }, { name: 'order' });

/** Most records are of users. */
const ofGroup = { name: 'ofGroup', partialFilterExpression: { groupId: { $exists: true } } };

const changeSchema: Schema<ChangeDocument> = new Schema<ChangeDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    userId: String,
    groupId: String,
    version: Number,
    kind: Number,
    time: Date,
    actor: Schema.Types.Mixed,
    attributes: [Schema.Types.Mixed],
    expireTime: Date,
  },
  options,
)
  .index({ organizationId: 1, userId: 1, version: 1, 'actor.requestId': 1 }, { name: 'ofUser' })
  .index({ organizationId: 1, groupId: 1, version: 1, 'actor.requestId': 1 }, { ...ofGroup })
  .index(...expiry);

const activitySchema: Schema<ActivityDocument> = new Schema<ActivityDocument>(
  {
    _id: { type: String, required: true },
    organizationId: { type: String, required: true },
    time: Date,
    apiTokenId: String,
    apiTokenLabel: String,
    method: String,
    path: String,
    userId: String,
    groupId: String,
    userName: String,
    userNameKey: String,
    status: Number,
    scimType: String,
    detail: String,
    durationMs: Number,
    expireTime: Date,
  },
  options,
)
  .index({ organizationId: 1, _id: 1 }, { name: 'order' })
  .index({ organizationId: 1, userId: 1, _id: 1 }, { name: 'ofUser' })
  .index({ organizationId: 1, groupId: 1, _id: 1 }, { ...ofGroup })
  .index(
    { organizationId: 1, userNameKey: 1, _id: 1 },
    { name: 'ofUserName', partialFilterExpression: { userNameKey: { $exists: true } } },
  )
  .index(...expiry);

/** The models of a connection. */
export function createModels(connection: Connection): Models {
  return {
    users: connection.model<UserDocument>('User', userSchema, 'users'),
    groups: connection.model<GroupDocument>('Group', groupSchema, 'groups'),
    memberships: connection.model<MembershipDocument>('Membership', membershipSchema, 'memberships'),
    organizations: connection.model<OrganizationDocument>('Organization', organizationSchema, 'organizations'),
    apiTokens: connection.model<ApiTokenDocument>('ApiToken', apiTokenSchema, 'apiTokens'),
    changes: connection.model<ChangeDocument>('Change', changeSchema, 'changes'),
    activities: connection.model<ActivityDocument>('Activity', activitySchema, 'activities'),
    ...createSignInModels(connection),
  };
}

/** Indexes of earlier versions that nothing uses any more. */
const OBSOLETE_USER_INDEXES = ['email'];

/** Creates the indexes that are missing, drops obsolete ones. Throws where data that is there already breaks one. */
export async function createIndexes(models: Models): Promise<void> {
  for (const model of Object.values(models)) await model.createIndexes();
  const { users } = models;
  const names = (await users.collection.indexes()).map(({ name }) => name);
  for (const name of OBSOLETE_USER_INDEXES) if (names.includes(name)) await users.collection.dropIndex(name);
}
