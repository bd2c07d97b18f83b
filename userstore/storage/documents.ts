/** User ↔ stored document: the only place that knows how a user lies in MongoDB. */
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import { type Lock, User } from '../../proto/gen/userstore/v1/user.js';
import { elementsOf, type Field, type Fields, fold, USER_FIELDS, type Values, valuesOf } from '../model/fields.js';
import { type ExtensionValue, extensionValues } from './extension-values.js';

/** The organization of what is left of a removed user or group; no request can name it. */
export const TOMBSTONE_ORGANIZATION = '';

/** The present form of documents; older ones are rewritten when userstore starts. */
export const SCHEMA_VERSION = 2;

/** A subject of an OpenID provider. */
export interface Link {
  issuer: string;
  subject: string;
}

/**
 * What of a user is LeaseHawk's own: his identity provider neither sees nor sets it, and whatever is written of him keeps
 * it unless it says otherwise.
 */
export interface AccessState {
  /** How often all his sessions have been ended: one that began at another count is over. */
  sessionEpoch: number;
  locked: Lock | undefined;
  /** Whom he signs in as. */
  link: Link | undefined;
}

/** The account of a new user. */
export const NEW_ACCESS_STATE: AccessState = { sessionEpoch: 0, locked: undefined, link: undefined };

/** What every document of a user or a group has. */
export interface StoredDocument {
  _id: string;
  organizationId: string;
  version: number;
  createTime: Date;
  updateTime: Date;
  /** Changes that are not in their own collection yet. */
  unmoved?: Change[];
  /** Of what is left of one that is removed: the organization it was of. */
  removedFrom?: string;
}

/**
 * A user as stored: his attributes by their own names, absent ones left out. Beside each text that compares without
 * regard to letter case lies its shadow, folded (`userNameKey`, `emails[].valueKey`), for indexes and filters.
 */
export interface UserDocument
  extends StoredDocument,
    Partial<Omit<User, 'id' | 'organizationId' | 'etag' | 'createTime' | 'updateTime' | 'groups'>> {
  layout: number;
  userNameKey: string;
  extensionValues?: ExtensionValue[];
  /** Of his account; absent is 0. */
  sessionEpoch?: number;
  link?: Link;
}

/** The name of a text's shadow. */
export const shadowKey = (name: string): string => `${name}Key`;

/** The document of a valid user in normal form. Throws FIELD_INVALID where extensions hold too many values. */
export function toDocument(user: User, version: number, account: AccessState): UserDocument {
  const { sessionEpoch, locked, link } = account;
  const { id, organizationId, createTime, updateTime, extensionAttributes } = user;
  const stored = toStored(valuesOf(user), USER_FIELDS) as Pick<UserDocument, 'userNameKey'>;
  return {
    _id: id,
    organizationId,
    version,
    createTime: createTime as Date,
    updateTime: updateTime as Date,
    layout: SCHEMA_VERSION,
    ...stored,
    ...(extensionAttributes.length > 0 ? { extensionValues: extensionValues(extensionAttributes) } : {}),
    ...(sessionEpoch > 0 ? { sessionEpoch } : {}),
    ...(locked ? { locked } : {}),
    ...(link ? { link } : {}),
  };
}

/** The account in a document. */
export const accessStateIn = ({ sessionEpoch = 0, locked, link }: UserDocument): AccessState => ({
  sessionEpoch,
  locked,
  link,
});

/** What is left of a removed user until his changes are moved: no organization has him, and his name is free. */
export const toTombstone = (user: User, version: number, unmoved: Change[]): UserDocument => ({
  _id: user.id,
  organizationId: TOMBSTONE_ORGANIZATION,
  removedFrom: user.organizationId,
  version,
  createTime: user.createTime as Date,
  updateTime: user.updateTime as Date,
  layout: SCHEMA_VERSION,
  userNameKey: user.id,
  unmoved,
});

const EXTENSION_FIELDS: Fields = USER_FIELDS.extensionAttributes.fields;

/** What is there, with shadows; MongoDB would store null for what is not. */
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
      // The attributes of extensions have shadows of another form.
      if (field.kind === 'text' && field.fold && fields !== EXTENSION_FIELDS) {
        stored[shadowKey(name)] = fold(value as string);
      }
    }
  }
  return stored;
}

/** The user of a document; the caller may change it. */
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

const entries = new WeakMap<Fields, [name: string, field: Field][]>();

function entriesOf(fields: Fields): [name: string, field: Field][] {
  const known = entries.get(fields) ?? Object.entries(fields);
  entries.set(fields, known);
  return known;
}

/** The weak entity tag of a version. */
export const etagOf = (version: number) => `W/"${version}"`;

/** The version in a weak entity tag; undefined where it is not one of ours. */
export const versionOf = (etag: string): number | undefined => {
  const digits = /^W\/"(\d{1,15})"$/.exec(etag)?.[1];
  return digits === undefined ? undefined : Number(digits);
};
