/** The measured calls, in Okta's form. */
import { PATCH_OP, USER } from './schemas.js';
import type { Tenant, World } from './world.js';

export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

/** The aim of each operation: the lowest acceptable percentage of the bare chain's speed. */
export const AIMS = {
  get: 75,
  lookup: 75,
  'by-external-id': 75,
  'by-email': 75,
  'by-work-email': 75,
  list: 70,
  patch: 75,
  create: 70,
};
export type Operation = keyof typeof AIMS;

/** The look-ups of one user by Okta and Entra: the filter before the quoted value. */
export const LOOKUPS = {
  lookup: 'userName eq ',
  'by-external-id': 'externalId eq ',
  'by-email': 'emails.value eq ',
  'by-work-email': 'emails[type eq "work"].value eq ',
} as const satisfies Partial<Record<Operation, string>>;
/** All operations; create is last, because it makes the database larger. */
export const OPERATIONS = Object.keys(AIMS) as Operation[];

/** One request. `path` starts after the organization's base URL. */
export interface ScimRequest {
  tenant: Tenant;
  method: string;
  path: string;
  body?: unknown;
  status: number;
}

/** Returns the request with this number. Each number has another user or another change. */
export function requestOf(operation: Operation, index: number, { home, nursery, users }: World): ScimRequest {
  const { id, userName } = users[index % users.length] ?? { id: '', userName: '' };
  const read = { tenant: home, method: 'GET', status: 200 };
  switch (operation) {
    case 'get':
      return { ...read, path: `/Users/${id}` };
    case 'lookup':
    case 'by-external-id':
    case 'by-email':
    case 'by-work-email': {
      // A seeded user's name is also their e-mail address.
      const value = operation === 'by-external-id' ? externalId(index % users.length) : userName;
      const filter = encodeURIComponent(`${LOOKUPS[operation]}"${value}"`);
      return { ...read, path: `/Users?filter=${filter}&startIndex=1&count=100` };
    }
    case 'list':
      return { ...read, path: '/Users?startIndex=1&count=100' };
    case 'patch': {
      // Each round through the users inverts the value, so that every PATCH is a change.
      const active = Math.floor(index / users.length) % 2 === 1;
      const body = { schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { active } }] };
      return { tenant: home, method: 'PATCH', path: `/Users/${id}`, body, status: 200 };
    }
    case 'create':
      return { tenant: nursery, method: 'POST', path: '/Users', body: person(index), status: 201 };
  }
}

/** Returns Okta's body for a new user. All bodies have the same length. */
export function person(index: number): object {
  const number = digits(index);
  const userName = `ana.bell.${number}@bench.example`;
  return {
    schemas: [USER, ENTERPRISE_USER],
    userName,
    name: { givenName: 'Ana', familyName: 'Bell' },
    emails: [{ primary: true, value: userName, type: 'work' }],
    displayName: 'Ana Bell',
    locale: 'en-US',
    title: 'Leasing Agent',
    phoneNumbers: [{ primary: true, value: '+1 555 0100', type: 'work' }],
    externalId: externalId(index),
    [ENTERPRISE_USER]: { employeeNumber: number, department: 'Leasing' },
    groups: [],
    password: 'x7Rk20ab',
    active: true,
  };
}

const digits = (index: number) => String(index).padStart(8, '0');
const externalId = (index: number) => `00u1abcdEFGH${digits(index)}`;
