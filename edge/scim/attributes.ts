/**
 * The table of SCIM attributes: name, field in the contract, characteristics (RFC 7643 section 7). Parsers, renderers,
 * paths, filters and /Schemas read it.
 */

/** The schema of a user (RFC 7643 section 4.1). */
export const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
/** The enterprise extension of a user (RFC 7643 section 4.3). */
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** One attribute. A missing property means the RFC's default: a single string that clients may write. */
export interface Attribute {
  name: string;
  /** Name in the generated types, if it differs. */
  field?: string;
  type?: 'string' | 'boolean' | 'complex' | 'reference' | 'binary';
  multiValued?: true;
  required?: true;
  caseExact?: true;
  mutability?: 'readOnly' | 'immutable';
  uniqueness?: 'server';
  canonicalValues?: readonly string[];
  referenceTypes?: readonly string[];
  subAttributes?: readonly Attribute[];
  description: string;
}

const PRIMARY: Attribute = {
  name: 'primary',
  type: 'boolean',
  description: 'Whether this is the preferred value; at most one is.',
};

/** Creates a list of complex values of one kind (RFC 7643 section 2.4). */
const list = (
  name: string,
  description: string,
  types: readonly string[],
  value: Partial<Attribute> = {},
): Attribute => ({
  name,
  type: 'complex',
  multiValued: true,
  description,
  subAttributes: [
    { name: 'value', description: 'The value itself.', ...value },
    { name: 'display', description: 'The value for people to read.' },
    {
      name: 'type',
      description: 'What the value is for.',
      ...(types.length > 0 ? { canonicalValues: types } : {}),
    },
    PRIMARY,
  ],
});

/** The stored attributes of the core User schema (RFC 7643 section 4.1). */
export const CORE_ATTRIBUTES: readonly Attribute[] = [
  {
    name: 'userName',
    required: true,
    uniqueness: 'server',
    description: 'The name to sign in with, at most 256 characters. Unique in the organization in any letter case.',
  },
  {
    name: 'name',
    type: 'complex',
    description: "The parts of the person's name.",
    subAttributes: [
      { name: 'formatted', description: 'The whole name.' },
      { name: 'familyName', description: 'The family name.' },
      { name: 'givenName', description: 'The given name.' },
      { name: 'middleName', description: 'The middle names.' },
      { name: 'honorificPrefix', description: 'A title before the name.' },
      { name: 'honorificSuffix', description: 'A suffix after the name.' },
    ],
  },
  { name: 'displayName', description: 'The name to show.' },
  { name: 'nickName', description: 'The casual name.' },
  {
    name: 'profileUrl',
    type: 'reference',
    referenceTypes: ['external'],
    caseExact: true,
    description: 'A page about the person.',
  },
  { name: 'title', description: 'The job title.' },
  { name: 'userType', description: "The person's relation to the organization." },
  { name: 'preferredLanguage', description: 'Preferred languages, as in the Accept-Language header.' },
  { name: 'locale', description: 'For dates, numbers and currency, such as en-US.' },
  { name: 'timezone', description: 'An IANA time zone, such as America/Chicago.' },
  {
    name: 'active',
    type: 'boolean',
    description: 'False disables the user, who then cannot log in. True where a new user does not say.',
  },
  list('emails', 'E-mail addresses.', ['work', 'home', 'other']),
  list('phoneNumbers', 'Phone numbers.', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
  list('ims', 'Instant messaging addresses.', []),
  list('photos', 'Pictures, by their addresses.', ['photo', 'thumbnail'], {
    type: 'reference',
    referenceTypes: ['external'],
    caseExact: true,
  }),
  {
    name: 'addresses',
    type: 'complex',
    multiValued: true,
    description: 'Postal addresses.',
    subAttributes: [
      { name: 'formatted', description: 'The whole address.' },
      { name: 'streetAddress', description: 'Street and number.' },
      { name: 'locality', description: 'City or town.' },
      { name: 'region', description: 'State or region.' },
      { name: 'postalCode', description: 'Postal code.' },
      { name: 'country', description: 'Country, best as its two-letter code.' },
      { name: 'type', description: 'What the address is for.', canonicalValues: ['work', 'home', 'other'] },
      PRIMARY,
    ],
  },
  list('entitlements', 'What the person is entitled to.', []),
  list('roles', "The person's roles.", []),
  list('x509Certificates', 'Certificates.', [], { type: 'binary', caseExact: true }),
];

/** The attributes of the enterprise extension (RFC 7643 section 4.3), the fields of `User.enterprise`. */
export const ENTERPRISE_ATTRIBUTES: readonly Attribute[] = [
  { name: 'employeeNumber', description: 'The number the employer gave the person.' },
  { name: 'costCenter', description: 'The cost center.' },
  { name: 'organization', description: "The employer's name for the organization." },
  { name: 'division', description: 'The division.' },
  { name: 'department', description: 'The department.' },
  {
    name: 'manager',
    type: 'complex',
    description: "The person's manager.",
    subAttributes: [
      { name: 'value', caseExact: true, description: "The manager's id." },
      {
        name: '$ref',
        field: 'ref',
        type: 'reference',
        referenceTypes: ['User'],
        caseExact: true,
        description: "The manager's address.",
      },
      {
        name: 'displayName',
        description: "The manager's name to show: that of the user with the id in value, else as sent.",
      },
    ],
  },
];

/** An attribute of all resources (RFC 7643 section 3.1); no schema lists it. */
export const EXTERNAL_ID: Attribute = {
  name: 'externalId',
  caseExact: true,
  description: "The identity provider's id of the resource.",
};

/** A user's memberships: read-only here, changed through groups (RFC 7643 section 4.1.2). */
export const USER_GROUPS: Attribute = {
  name: 'groups',
  type: 'complex',
  multiValued: true,
  mutability: 'readOnly',
  description: 'The groups that the user is a member of.',
  subAttributes: [
    { name: 'value', caseExact: true, mutability: 'readOnly', description: "The group's id." },
    {
      name: '$ref',
      type: 'reference',
      referenceTypes: ['Group'],
      caseExact: true,
      mutability: 'readOnly',
      description: "The group's address.",
    },
    { name: 'display', mutability: 'readOnly', description: "The group's name." },
    {
      name: 'type',
      canonicalValues: ['direct'],
      mutability: 'readOnly',
      description: 'How the user belongs to the group.',
    },
  ],
};

/** All writable attributes at the top level of a user. */
export const TOP_ATTRIBUTES: readonly Attribute[] = [EXTERNAL_ID, ...CORE_ATTRIBUTES];

const byName = new WeakMap<readonly Attribute[], ReadonlyMap<string, Attribute>>();

/** Finds an attribute by name in any letter case (RFC 7643 section 2.1). */
export function attributeNamed(attributes: readonly Attribute[], name: string): Attribute | undefined {
  let names = byName.get(attributes);
  if (!names) {
    names = new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]));
    byName.set(attributes, names);
  }
  return names.get(name.toLowerCase());
}

/** Returns the attribute's name in the generated types. */
export const fieldOf = ({ field, name }: Attribute): string => field ?? name;

/** Returns the attribute's name in the contract: `given_name`. */
export const contractNameOf = (attribute: Attribute): string =>
  fieldOf(attribute).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Returns the SCIM name of a contract field in an error: `name.givenName` for "name.given_name". */
export function scimNameOf(contract: string): string {
  const name = contract.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (name.startsWith('extensionAttributes')) return 'extension attribute';
  return name.startsWith('enterprise.') ? `${ENTERPRISE_USER}:${name.slice('enterprise.'.length)}` : name;
}
