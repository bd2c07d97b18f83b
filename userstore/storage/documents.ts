/** User ↔ stored document: the only place that knows how a user lies in MongoDB. */
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { fold } from '../domain/fields.js';

type Attributes = Omit<User, 'id' | 'organizationId' | 'etag' | 'createTime' | 'updateTime'>;
type Keyed<Element> = Element & { valueKey?: string; typeKey?: string };

/**
 * A user as stored: its attributes by their own names, absent ones left out, and beside them shadow keys, folded to
 * one letter case, that indexes and filters use.
 */
export interface UserDocument extends Partial<Omit<Attributes, 'emails'>> {
  _id: string;
  organizationId: string;
  version: number;
  createTime: Date;
  updateTime: Date;
  userNameKey: string;
  emails?: Keyed<User['emails'][number]>[];
}

/** The document of a valid user in normal form. */
export function toDocument(user: User, version: number): UserDocument {
  const { id, etag: _, organizationId, createTime, updateTime, emails, ...attributes } = user;
  return {
    _id: id,
    organizationId,
    version,
    createTime: createTime as Date,
    updateTime: updateTime as Date,
    userNameKey: fold(user.userName ?? ''),
    ...(compact({ ...attributes, emails: emails.map(withKeys) }) as Partial<UserDocument>),
  };
}

const withKeys = (email: User['emails'][number]): Keyed<User['emails'][number]> => ({
  ...email,
  ...(email.value === undefined ? {} : { valueKey: fold(email.value) }),
  ...(email.type === undefined ? {} : { typeKey: fold(email.type) }),
});

/**
 * Leaves out what is absent, at every level: MongoDB would store null. (The driver's `ignoreUndefined` would do the
 * same to queries, where a lost condition finds what nobody asked for.)
 */
function compact(values: object): object {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value)) result[name] = value.map((element) => compact(element as object));
    else result[name] = typeof value === 'object' ? compact(value as object) : value;
  }
  return result;
}

/** The user of a document; the caller may change it. */
export function toUser(document: UserDocument): User {
  const { _id, version, userNameKey: _, emails = [], ...attributes } = document;
  return {
    phoneNumbers: [],
    ims: [],
    photos: [],
    addresses: [],
    entitlements: [],
    roles: [],
    x509Certificates: [],
    extensionAttributes: [],
    name: undefined,
    enterprise: undefined,
    ...attributes,
    id: _id,
    etag: etagOf(version),
    emails: emails.map(({ valueKey: _value, typeKey: _type, ...email }) => email),
  };
}

const etagOf = (version: number) => `W/"${version}"`;

/** The version in a weak entity tag; undefined where it is not one of ours. */
export const versionOf = (etag: string): number | undefined => {
  const digits = /^W\/"(\d{1,15})"$/.exec(etag)?.[1];
  return digits === undefined ? undefined : Number(digits);
};
