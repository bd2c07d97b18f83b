/**
 * The tables of the fields of users and groups: their kinds, how their text is compared and how long it may be. PATCH,
 * update masks, filters and validation all use them; a name that is not in them does not exist.
 */

/** A field. `fold`: comparisons ignore letter case (RFC 7643 caseExact false). `max`: longest text, in characters. */
export type Field =
  | { kind: 'text'; fold: boolean; max: number }
  | { kind: 'flag' }
  | { kind: 'message'; fields: Fields }
  | { kind: 'list'; fields: Fields; identity: readonly string[] };
/** Fields by their names in the generated types: `userName`. */
export type Fields = Readonly<Record<string, Field>>;

const text = { kind: 'text', fold: true, max: 2048 } as const;
const exact = { kind: 'text', fold: false, max: 2048 } as const;
/** Text for certificates, pictures and extension values. */
const large = { kind: 'text', fold: false, max: 65_536 } as const;
/** Longest JSON of an extension attribute, in characters. */
export const MAX_VALUE_JSON = large.max;
const flag = { kind: 'flag' } as const;
const message = (fields: Fields) => ({ kind: 'message', fields }) as const;
/** Creates a list field. Adding an element changes an existing one with the same `identity` fields. */
const list = (fields: Fields, identity: readonly string[] = []) => ({ kind: 'list', fields, identity }) as const;

const typed = (value: Field) => list({ value, display: text, type: text, primary: flag }, ['value', 'type']);

/** The writable fields of User. */
export const USER_FIELDS = {
  userName: { ...text, max: 256 },
  externalId: exact,
  active: flag,
  name: message({
    formatted: text,
    familyName: text,
    givenName: text,
    middleName: text,
    honorificPrefix: text,
    honorificSuffix: text,
  }),
  displayName: text,
  nickName: text,
  profileUrl: exact,
  title: text,
  userType: text,
  preferredLanguage: text,
  locale: text,
  timezone: text,
  emails: typed(text),
  phoneNumbers: typed(text),
  ims: typed(text),
  photos: typed(large),
  addresses: list({
    formatted: text,
    streetAddress: text,
    locality: text,
    region: text,
    postalCode: text,
    country: text,
    type: text,
    primary: flag,
  }),
  entitlements: typed(text),
  roles: typed(text),
  x509Certificates: typed(large),
  enterprise: message({
    employeeNumber: text,
    costCenter: text,
    organization: text,
    division: text,
    department: text,
    manager: message({ value: exact, ref: exact, displayName: text }),
  }),
  extensionAttributes: list({ schema: text, name: text, valueJson: large }, ['name', 'schema']),
} as const satisfies Fields;

const entries = new WeakMap<Fields, [name: string, field: Field][]>();

/** Returns the names of the fields with the fields. */
export function entriesOf(fields: Fields): readonly [name: string, field: Field][] {
  const known = entries.get(fields) ?? Object.entries(fields);
  entries.set(fields, known);
  return known;
}

/** The writable fields of Group. */
export const GROUP_FIELDS = { displayName: { ...text, max: 256 }, externalId: exact } as const satisfies Fields;

/** Returns the contract's name of a field: `user_name` for `userName`. */
export const contractName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A field and its path through the generated types: `['name', 'givenName']`. */
export interface LocatedField {
  field: Field;
  path: readonly string[];
}

/** Returns these fields by their contract names, including the fields of nested messages. */
export const located = (fields: Fields): ReadonlyMap<string, LocatedField> => new Map(locate(fields, [], ''));

const LOCATED_USER_FIELDS = located(USER_FIELDS);

function locate(fields: Fields, path: readonly string[], prefix: string): [string, LocatedField][] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const here = [...path, name];
    const contract = prefix + contractName(name);
    const below = field.kind === 'message' ? locate(field.fields, here, `${contract}.`) : [];
    return [[contract, { field, path: here }] as [string, LocatedField], ...below];
  });
}

/** Returns the field of a user with this contract name; dots separate levels: "name.given_name". */
export const fieldNamed = (contract: string): LocatedField | undefined => LOCATED_USER_FIELDS.get(contract);

/** Finds a field of a list's elements by its contract name; returns its name in the generated types and the field. */
export function elementField(fields: Fields, contract: string): [name: string, field: Field] | undefined {
  return Object.entries(fields).find(([name]) => contractName(name) === contract);
}

/**
 * Folds text for comparisons that ignore letter case. Upper case unites ß with SS, and σ with ς; lower case comes first
 * because of the capital ẞ.
 */
export const fold = (value: string) =>
  isAscii(value)
    ? value.toLowerCase()
    : value.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');

/** Returns the number of characters of a text: of code points, of which an emoji is one though it takes two units. */
export const characterCount = (text: string): number => (isAscii(text) ? text.length : Array.from(text).length);

/** Returns whether a text has more than `max` characters; never counts a much longer one. */
export const isLongerThan = (text: string, max: number): boolean =>
  text.length > max && (text.length > 2 * max || characterCount(text) > max);

/** Returns whether the text is ASCII alone. */
export const isAscii = (value: string): boolean => ASCII.test(value);

const ASCII = /^[\0-\x7f]*$/;

/** A generated message as a plain record; its keys come only from the tables of fields. */
export type Values = Record<string, unknown>;
/** Returns a message as a record of its fields. */
export const valuesOf = (message: object): Values => message as Values;

/** Returns the elements of a list field; an absent list is empty. */
export const elementsOf = (value: unknown): Values[] => (Array.isArray(value) ? value : []);
