/**
 * User ↔ stored document: the only place that knows the form of a user in MongoDB. Some stored field names are older
 * than the words that the code uses for them, in documents of users and of groups:
 *
 *     stored field    the code's word
 *     unmoved         outbox: changes until they are flushed to the `changes` collection
 *     begun           pending changes of a group's memberships
 *     layout          schema version
 *     removedFrom     the organization of a tombstone, which is what remains of a deleted user or group
 */
import { type Lock, User } from '../../proto/gen/userstore/v1/user.js';
import { etagOf } from '../model/etag.js';
import { elementsOf, entriesOf, type Fields, fold, USER_FIELDS, type Values, valuesOf } from '../model/fields.js';
import { visibleName } from '../model/names.js';
import { spokenNames } from '../model/spoken-names.js';
import type { Link, OutboxEntry, UserDocument } from './directory-schemas.js';
import { extensionValues } from './extension-values.js';
import { shadowKey } from './schema.js';

/** The organization of tombstones; no request can name it. */
export const TOMBSTONE_ORGANIZATION = '';

/** The current form of documents; userstore migrates older ones when it starts. */
export const SCHEMA_VERSION = 5;
/** The first version whose documents have `visibleName`. */
export const FIRST_WITH_VISIBLE_NAMES = 4;

/** The size at which a write flushes an outbox itself instead of leaving it to the periodic flush. */
export const MAX_OUTBOX = 20;

/**
 * The access state of a user: set by LeaseHawk and by sign-in, neither seen nor set by the identity provider. A write
 * of the user keeps it unless it says otherwise.
 */
export interface AccessState {
  /** The number of times that all sessions of the user were ended: a session of another count has ended. */
  sessionEpoch: number;
  locked: Lock | undefined;
  /** The identity at the OpenID provider that signs in as this user. */
  link: Link | undefined;
}

/** The access state of a new user. */
export const NEW_ACCESS_STATE: AccessState = { sessionEpoch: 0, locked: undefined, link: undefined };

/** Returns the document of a valid user in normal form. Throws FIELD_INVALID if extensions hold too many values. */
export function toDocument(user: User, version: number, accessState: AccessState): UserDocument {
  const { sessionEpoch, locked, link } = accessState;
  const { id, organizationId, createTime, updateTime, extensionAttributes } = user;
  const stored = toStored(valuesOf(user), USER_FIELDS) as Pick<UserDocument, 'userNameKey'>;
  const spoken = spokenNames(user);
  return {
    _id: id,
    organizationId,
    version,
    createTime: createTime as Date,
    updateTime: updateTime as Date,
    layout: SCHEMA_VERSION,
    ...stored,
    visibleName: visibleName(user.userName ?? ''),
    ...(spoken.length > 0 ? { spokenNames: spoken } : {}),
    ...(extensionAttributes.length > 0 ? { extensionValues: extensionValues(extensionAttributes) } : {}),
    ...(sessionEpoch > 0 ? { sessionEpoch } : {}),
    ...(locked ? { locked } : {}),
    ...(link ? { link } : {}),
  };
}

/** Returns the access state in a document. */
export const accessStateIn = ({ sessionEpoch = 0, locked, link }: UserDocument): AccessState => ({
  sessionEpoch,
  locked,
  link,
});

/**
 * Returns the tombstone of a deleted user, which holds the outbox until it is flushed. It belongs to no organization
 * and frees the user name.
 */
export const toTombstone = (user: User, version: number, outbox: OutboxEntry[]): UserDocument => ({
  _id: user.id,
  organizationId: TOMBSTONE_ORGANIZATION,
  removedFrom: user.organizationId,
  version,
  createTime: user.createTime as Date,
  updateTime: user.updateTime as Date,
  layout: SCHEMA_VERSION,
  userNameKey: user.id,
  unmoved: outbox,
});

const EXTENSION_FIELDS: Fields = USER_FIELDS.extensionAttributes.fields;

/** Returns the values that are present, with shadows; MongoDB would store null for undefined ones. */
function toStored(values: Values, fields: Fields): Values {
  const stored: Values = {};
  for (const [name, field] of entriesOf(fields)) {
    const value = values[name];
    if (value === undefined) continue;
    if (field.kind === 'message') stored[name] = toStored(valuesOf(value as object), field.fields);
    else if (field.kind === 'list') {
      const elements = elementsOf(value);
      if (elements.length > 0) stored[name] = elements.map((element) => toStored(element, field.fields));
    } else {
      stored[name] = value;
      // Attributes of extensions are compared by `extensionValues` instead of shadows.
      if (field.kind === 'text' && field.fold && fields !== EXTENSION_FIELDS) {
        stored[shadowKey(name)] = fold(value as string);
      }
    }
  }
  return stored;
}

/** Returns the user of a document; the caller may change it. */
export function toUser(document: UserDocument): User {
  const { _id: id, organizationId, version, createTime, updateTime } = document;
  const etag = etagOf(version);
  const values = fromStored(document as unknown as Values, USER_FIELDS);
  const { locked } = document;
  return {
    ...EMPTY_USER(),
    ...values,
    id,
    organizationId,
    etag,
    createTime,
    updateTime,
    locked: locked && { ...locked },
  };
}

const EMPTY_USER = () => User.fromPartial({});

function fromStored(stored: Values, fields: Fields): Values {
  const values: Values = {};
  for (const [name, field] of entriesOf(fields)) {
    const value = stored[name];
    if (value === undefined) continue;
    if (field.kind === 'message') values[name] = fromStored(valuesOf(value as object), field.fields);
    else if (field.kind === 'list')
      values[name] = elementsOf(value).map((element) => fromStored(element, field.fields));
    else values[name] = value;
  }
  return values;
}
