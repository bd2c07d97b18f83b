/** Who may call what: service tokens, their roles, and the calls that each role is for. */
import { createHash } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../domain/errors.js';

/** What a caller may do: `edge` serves Okta, `reader` looks users up, `admin` does everything. */
export const ROLES = ['edge', 'reader', 'admin'] as const;
/** One of the roles. */
export type Role = (typeof ROLES)[number];

/** A service that calls; its secret is compared by digest. */
export interface Caller {
  name: string;
  role: Role;
}

const USERS = '/userstore.v1.UserService/';
const GROUPS = '/userstore.v1.GroupService/';
const READS = [
  ...['GetUser', 'ListUsers'].map((method) => USERS + method),
  ...['GetGroup', 'ListGroups', 'ListMemberships'].map((method) => GROUPS + method),
];

const FOR_EDGES = [
  '/userstore.v1.ApiTokenService/VerifyApiToken',
  '/userstore.v1.RateLimitService/AcquirePermits',
  '/userstore.v1.ActivityService/RecordActivities',
  '/userstore.v1.OrganizationService/GetOrganization',
];

const MAY_CALL: Record<Role, (path: string) => boolean> = {
  edge: (path) => path.startsWith(USERS) || path.startsWith(GROUPS) || FOR_EDGES.includes(path),
  reader: (path) => READS.includes(path),
  admin: () => true,
};

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

/**
 * The check that stands before every call: the metadata's "authorization: Bearer <service token>" must belong to a
 * caller whose role allows the method. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN.
 */
export function callerCheck(secrets: ReadonlyMap<string, Caller>) {
  const callers = new Map([...secrets].map(([secret, caller]) => [digest(secret), caller]));
  return (metadata: Metadata, path: string): Caller => {
    const [header] = metadata.get('authorization');
    const secret = /^bearer (\S+)$/i.exec(String(header ?? ''))?.[1];
    const caller = secret === undefined ? undefined : callers.get(digest(secret));
    if (!caller) {
      throw new DomainError(ErrorReason.ERROR_REASON_CALLER_UNKNOWN, 'The call carries no known service token.');
    }
    if (!MAY_CALL[caller.role](path)) {
      const message = `The role "${caller.role}" may not call ${path}.`;
      throw new DomainError(ErrorReason.ERROR_REASON_CALLER_FORBIDDEN, message);
    }
    return caller;
  };
}
