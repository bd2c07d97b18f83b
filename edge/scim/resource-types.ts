/** The resource types, with the properties that shared parsers and renderers need. */
import { type Attribute, CORE_USER, EXTERNAL_ID, TOP_ATTRIBUTES } from './attributes.js';

/** The schema of a group (RFC 7643 section 4.2). */
export const CORE_GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** One resource type. */
export interface ResourceType {
  /** The value of `meta.resourceType`. */
  name: 'User' | 'Group';
  /** The path below the base URL. */
  endpoint: '/Users' | '/Groups';
  /** The plural in texts for people. */
  plural: 'Users' | 'Groups';
  /** The URN of its core schema. */
  schema: string;
  description: string;
  /** All writable attributes at its top level. */
  attributes: readonly Attribute[];
  /** Read-only names in lower case that clients echo or send: ignored in bodies, refused as a PATCH path. */
  readOnly: ReadonlySet<string>;
  /** Names whose values the edge drops: it does not store, log or echo them. */
  dropped: string | undefined;
  /** True if userstore keeps extension attributes; otherwise they are unknown attributes. */
  isExtensible: boolean;
}

/** A user (RFC 7643 section 4.1). Single sign-on is the only way in, so the edge drops passwords. */
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

/** The attribute that lists the members of a group. */
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
