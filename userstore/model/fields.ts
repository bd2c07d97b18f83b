/**
 * The tables of the fields of users and groups: their kinds, how their text compares and how long it may be. PATCH, update masks,
 * filters and validation all read it; a name that is not here does not exist.
 */

/** `fold`: letter case does not matter when compared (RFC 7643 caseExact false). `max`: characters. */
export type Field =
  | { kind: 'text'; fold: boolean; max: number }
  | { kind: 'flag' }
  | { kind: 'message'; fields: Fields }
  | { kind: 'list'; fields: Fields; identity: readonly string[] };
/** Fields by their names in the generated types: `userName`. */
export type Fields = Readonly<Record<string, Field>>;

const text = { kind: 'text', fold: true, max: 2048 } as const;
const exact = { kind: 'text', fold: false, max: 2048 } as const;
/** Certificates, pictures, extension values. */
const large = { kind: 'text', fold: false, max: 65_536 } as const;
const flag = { kind: 'flag' } as const;
const message = (fields: Fields) => ({ kind: 'message', fields }) as const;
/** `identity`: adding an element that has these fields in common with one there is changes that one. */
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

/** The writable fields of Group. */
export const GROUP_FIELDS = { displayName: { ...text, max: 256 }, externalId: exact } as const satisfies Fields;

/** The contract's name of a field: `user_name` for `userName`. */
export const contractName = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A field and the way to it through the generated types: `['name', 'givenName']`. */
export interface LocatedField {
  field: Field;
  path: readonly string[];
}

/** These fields by their contract names, those of messages in them too. */
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

/** The field of a user with this contract name, dots between levels: "name.given_name". */
export const fieldNamed = (contract: string): LocatedField | undefined => LOCATED_USER_FIELDS.get(contract);

/** The field of a list's elements with this contract name, by its name in the generated types. */
export function elementField(fields: Fields, contract: string): [name: string, field: Field] | undefined {
  return Object.entries(fields).find(([name]) => contractName(name) === contract);
}

/**
 * Text as it is compared where letter case does not matter. By way of capitals, as ß and SS are one there, and σ and ς;
 * and of small letters before, for the capital ẞ.
 */
export const fold = (value: string) =>
  ASCII.test(value)
    ? value.toLowerCase()
    : value.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');

const ASCII = /^[\0-\x7f]*$/;

/** A generated message seen as what it is, a record; keys come from the table of fields only. */
export type Values = Record<string, unknown>;
/** A message as a record of its fields. */
export const valuesOf = (message: object): Values => message as Values;

/** The list of a field; an absent one is empty. */
export const elementsOf = (value: unknown): Values[] => (Array.isArray(value) ? value : []);
