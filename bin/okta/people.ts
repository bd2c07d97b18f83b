/** The people of a run: what Okta knows about each of them, and what it sends when they are assigned. */

import { createHash, randomInt } from 'node:crypto';
import { ENTERPRISE_USER, type Json } from './resource.js';

const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GIVEN_NAMES = 'Ana Björn Chloé Dmitri Esra Femi Grace Hiroshi Inés José Kofi Łucja'.split(' ');
const FAMILY_NAMES = "Bell Castaño D'Arcy Ek Fischer García Haddad Iyer Jansen Kowalski Li".split(' ');
const TITLES = ['Leasing Agent', 'Property Manager', 'Regional Director', 'Maintenance Lead'];
const DEPARTMENTS = ['Leasing', 'Operations', 'Finance', 'R&D'];

/** Somebody in Okta. `profile` is what Okta asserts about them in SCIM form, without state, secrets and `id`. */
export interface Person {
  userName: string;
  profile: Json;
  /** True once the creation has been asked for, whatever came back. */
  posted: boolean;
  /** The server's resource as it showed it last; none while it knows nobody. */
  shown?: Json & { id: string };
}

/** A person whom the server knows. */
export type Assigned = Required<Person>;

/** True while the server knows the person. */
export function isAssigned(person: Person): person is Assigned {
  return person.shown !== undefined;
}

/** True unless the server has shown the person as deactivated. */
export function isActive({ shown }: Assigned): boolean {
  return shown.active !== false;
}

/** `count` different people; the same `tag` (lower-case letters and digits) gives the same people again. */
export function createPeople(count: number, tag: string): Person[] {
  return Array.from({ length: count }, (_, index) => createPerson(index, tag));
}

function createPerson(index: number, tag: string): Person {
  const givenName = pick(GIVEN_NAMES, index);
  const familyName = pick(FAMILY_NAMES, index);
  // The lengths of the two lists have no common factor, so a pair comes again only after their product.
  const round = Math.floor(index / (GIVEN_NAMES.length * FAMILY_NAMES.length));
  const login = `${ascii(givenName)}.${ascii(familyName)}${round || ''}.${tag}@okta-stand-in.example`;
  // Okta keeps the spelling of a login, so capitals and a plus sign must survive the whole way.
  const userName = index % 4 === 3 ? login.replace(`.${tag}`, `+Lease.${tag}`) : login.toLowerCase();
  const basic: Json = {
    schemas: [CORE_USER],
    userName,
    name: { givenName, familyName },
    emails: [{ primary: true, value: userName, type: 'work' }],
    displayName: `${givenName} ${familyName}`,
    locale: 'en-US',
    externalId: oktaId(`${tag} ${index}`),
  };
  return { userName, posted: false, profile: index % 2 === 0 ? basic : { ...basic, ...mappedExtras(index, basic) } };
}

/** What an admin may map beyond the attributes every app has. */
function mappedExtras(index: number, basic: Json): Json {
  return {
    schemas: [CORE_USER, ENTERPRISE_USER],
    emails: [
      ...[basic.emails].flat(),
      { primary: false, value: `second.${index}@okta-stand-in.example`, type: 'home' },
    ],
    title: pick(TITLES, index),
    userType: 'Employee',
    preferredLanguage: 'en-US',
    timezone: 'America/Chicago',
    phoneNumbers: [{ primary: true, value: `+1 555 ${String(1000000 + index)}`, type: 'work' }],
    addresses: [
      { primary: true, type: 'work', streetAddress: '12 Elm Street', locality: 'Austin', region: 'TX', country: 'US' },
    ],
    [ENTERPRISE_USER]: {
      employeeNumber: String(7000 + index),
      costCenter: 'CC-12',
      department: pick(DEPARTMENTS, index),
    },
  };
}

/** The body of Okta's POST: the profile, the empty `groups`, a throw-away `password` and `active`. */
export function creation(person: Person, password: string): Json {
  return { ...person.profile, groups: [], password, active: true };
}

/** A password as Okta sends with every creation: eight random letters and digits. */
export function throwAwayPassword(): string {
  const alphabet = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** What changes about the `index`-th person: a new family name, title and department. */
export function profileChange(index: number): Json {
  return {
    name: { familyName: `${pick(FAMILY_NAMES, index)}-Okafor` },
    title: pick(TITLES, index + 1),
    [ENTERPRISE_USER]: { department: pick(DEPARTMENTS, index + 1) },
  };
}

/** An Okta user id: `00u` and seventeen letters and digits. */
function oktaId(seed: string): string {
  const letters = createHash('sha256')
    .update(seed)
    .digest('base64')
    .replace(/[^A-Za-z0-9]/g, '');
  return `00u${letters.slice(0, 17)}`;
}

function ascii(name: string): string {
  return name
    .normalize('NFD')
    .replace('Ł', 'L')
    .replace(/[^A-Za-z]/g, '');
}

function pick(list: readonly string[], index: number): string {
  return list[index % list.length] ?? '';
}
