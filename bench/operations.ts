/** The calls that are measured, as Okta makes them. */
import type { Tenant, World } from './world.js';

const CORE_USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE_USER = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** The aim of each operation: the least share of the bare chain's speed, in percent. */
export const AIMS = {
  get: 75,
  lookup: 75,
  'by-external-id': 75,
  'by-email': 75,
  'by-work-email': 75,
  list: 60,
  patch: 75,
  create: 60,
};
export type Operation = keyof typeof AIMS;

/** How Okta and Entra look one user up: what a filter begins with, before the value and its quotes. */
export const LOOKUPS = {
  lookup: 'userName eq ',
  'by-external-id': 'externalId eq ',
  'by-email': 'emails.value eq ',
  'by-work-email': 'emails[type eq "work"].value eq ',
} as const satisfies Partial<Record<Operation, string>>;
/** Creating comes last: nothing else is measured on a database that it has made larger. */
export const OPERATIONS = Object.keys(AIMS) as Operation[];

/** One request; `path` begins after the organization's base URL. */
export interface ScimRequest {
  tenant: Tenant;
  method: string;
  path: string;
  body?: unknown;
  status: number;
}

/** The request of this operation with this number: another user each time, another change each time. */
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
      // A user's name is his e-mail, too.
      const value = operation === 'by-external-id' ? externalId(index % users.length) : userName;
      const filter = encodeURIComponent(`${LOOKUPS[operation]}"${value}"`);
      return { ...read, path: `/Users?filter=${filter}&startIndex=1&count=100` };
    }
    case 'list':
      return { ...read, path: '/Users?startIndex=1&count=100' };
    case 'patch': {
      // Every round through the users turns the value over, so that no PATCH finds it as it wants it.
      const active = Math.floor(index / users.length) % 2 === 1;
      const body = { schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { active } }] };
      return { tenant: home, method: 'PATCH', path: `/Users/${id}`, body, status: 200 };
    }
    case 'create':
      return { tenant: nursery, method: 'POST', path: '/Users', body: person(index), status: 201 };
  }
}

/** Okta's body for a new user; all are equally long. */
export function person(index: number): object {
  const number = digits(index);
  const userName = `ana.bell.${number}@bench.example`;
  return {
    schemas: [CORE_USER, ENTERPRISE_USER],
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
