/** The people of a run: their profiles in Okta, and the creations that Okta sends for them. */

import { createHash, randomInt } from 'node:crypto';
import { ENTERPRISE_USER, type Json } from './resource.js';

const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GIVEN_NAMES = 'Ana Björn Chloé Dmitri Esra Femi Grace Hiroshi Inés José Kofi Łucja'.split(' ');
const FAMILY_NAMES = "Bell Castaño D'Arcy Ek Fischer García Haddad Iyer Jansen Kowalski Li".split(' ');
const TITLES = ['Leasing Agent', 'Property Manager', 'Regional Director', 'Maintenance Lead'];
const DEPARTMENTS = ['Leasing', 'Operations', 'Finance', 'R&D'];

/** A person in Okta. `profile` is their Okta profile in SCIM form, without state, secrets and `id`. */
export interface Person {
  userName: string;
  profile: Json;
  /** Whether the creation has been requested, regardless of the answer. */
  posted: boolean;
  /** The resource that the server returned last; undefined while the user does not exist there. */
  shown?: Json & { id: string };
}

/** A person with a user on the server. */
export type Assigned = Required<Person>;

/** Whether the server has a user for the person. */
export function isAssigned(person: Person): person is Assigned {
  return person.shown !== undefined;
}

/** Whether the server showed the user as active last. */
export function isActive({ shown }: Assigned): boolean {
  return shown.active !== false;
}

/** Creates `count` different people. The same `tag` (lower-case letters and digits) gives the same people. */
export function createPeople(count: number, tag: string): Person[] {
  return Array.from({ length: count }, (_, index) => createPerson(index, tag));
}

function createPerson(index: number, tag: string): Person {
  const givenName = pick(GIVEN_NAMES, index);
  const familyName = pick(FAMILY_NAMES, index);
  // The lengths of the two lists are coprime, so a pair repeats only after their product.
  const round = Math.floor(index / (GIVEN_NAMES.length * FAMILY_NAMES.length));
  const login = `${ascii(givenName)}.${ascii(familyName)}${round || ''}.${tag}@okta-stand-in.example`;
  // Okta preserves the spelling of a login, so capitals and a plus sign must survive.
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

/** Returns attributes that an admin can map in addition to those of every app. */
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

/** Returns the body of Okta's POST: the profile, empty `groups`, a random `password` and `active`. */
export function creation(person: Person, password: string): Json {
  return { ...person.profile, groups: [], password, active: true };
}

/** Returns a password like those that Okta sends with every creation: eight random letters and digits. */
export function randomPassword(): string {
  const alphabet = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** Returns the change of the `index`-th person: a new family name, title and department. */
export function profileChange(index: number): Json {
  return {
    name: { familyName: `${pick(FAMILY_NAMES, index)}-Okafor` },
    title: pick(TITLES, index + 1),
    [ENTERPRISE_USER]: { department: pick(DEPARTMENTS, index + 1) },
  };
}

/** Returns an Okta user id: `00u` and 17 letters and digits. */
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
