/** The types of resource: what parsers and renderers that serve all of them need to know of each. */
import { type Attribute, CORE_USER, EXTERNAL_ID, TOP_ATTRIBUTES } from './attributes.js';

/** The schema of a group (RFC 7643 section 4.2). */
export const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** One type of resource. */
export interface ResourceType {
  /** As in `meta.resourceType`. */
  name: 'User' | 'Group';
  /** Its path below the base URL. */
  endpoint: '/Users' | '/Groups';
  /** For people to read. */
  plural: 'Users' | 'Groups';
  /** The URN of its core schema. */
  schema: string;
  description: string;
  /** All writable attributes that stand at its top. */
  attributes: readonly Attribute[];
  /** What clients echo or send that is not theirs to write, in small letters: ignored in bodies, refused as a PATCH path. */
  readOnly: ReadonlySet<string>;
  /** What is taken and dropped: not stored, logged or echoed. */
  dropped: string | undefined;
  /** Whether attributes of extensions are kept; otherwise they are unknown ones. */
  isExtensible: boolean;
}

/** A user (RFC 7643 section 4.1). Single sign-on is the only way in, so a password that comes is dropped. */
export const USER: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  plural: 'Users',
  schema: CORE_USER,
  description: 'A person who may log in to LeaseHawk.',
  attributes: TOP_ATTRIBUTES,
  readOnly: new Set(['id', 'meta', 'groups', 'schemas']),
  dropped: 'password',
  isExtensible: true,
};

/** The attribute that says who belongs to a group. */
export const MEMBERS: Attribute = {
  name: 'members',
  type: 'complex',
  multiValued: true,
  description: 'The users who belong to the group.',
  subAttributes: [
    { name: 'value', required: true, caseExact: true, mutability: 'immutable', description: "The user's id." },
    {
      name: '$ref',
      field: 'ref',
      type: 'reference',
      referenceTypes: ['User'],
      caseExact: true,
      mutability: 'immutable',
      description: "The user's address; ignored where it comes from a client.",
    },
    {
      name: 'display',
      mutability: 'readOnly',
      description: "The user's displayName, or else userName.",
    },
    {
      name: 'type',
      canonicalValues: ['User'],
      mutability: 'immutable',
      description: 'User, also where it is left out: groups have no groups in them.',
    },
  ],
};

/** The attributes of the core Group schema. */
export const GROUP_ATTRIBUTES: readonly Attribute[] = [
  {
    name: 'displayName',
    required: true,
    uniqueness: 'server',
    description: 'The name of the group, at most 256 characters. Unique in the organization in any letter case.',
  },
  MEMBERS,
];

/** A group of users (RFC 7643 section 4.2). */
export const GROUP: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  plural: 'Groups',
  schema: CORE_GROUP,
  description: 'Users who belong together, as a group in Okta has them.',
  attributes: [EXTERNAL_ID, ...GROUP_ATTRIBUTES],
  readOnly: new Set(['id', 'meta', 'schemas']),
  dropped: undefined,
  isExtensible: false,
};
