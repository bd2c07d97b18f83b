/** Who may call what: certificates and service tokens, their roles, and the calls that each role is for. */
import { createHash } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';

/**
 * What a caller may do: `edge` serves Okta and signs in, `reader` looks up users and sessions, `admin` does everything.
 */
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
const SESSIONS = '/userstore.v1.SessionService/';
const READS = [
  ...['GetUser', 'ListUsers'].map((method) => USERS + method),
  ...['GetGroup', 'ListGroups', 'ListMemberships'].map((method) => GROUPS + method),
  `${SESSIONS}CheckSession`,
  '/userstore.v1.OrganizationService/GetOrganization',
];

const FOR_EDGES = [
  '/userstore.v1.ApiTokenService/VerifyApiToken',
  '/userstore.v1.RateLimitService/AcquirePermits',
  '/userstore.v1.ActivityService/RecordActivities',
  '/userstore.v1.OrganizationService/GetOrganization',
  '/userstore.v1.SsoConnectionService/FindSsoConnections',
  ...['SignIn', 'CheckSession', 'SignOut', 'RevokeUserSessions', 'UseOnce'].map((name) => SESSIONS + name),
];

const MAY_CALL: Record<Role, (path: string) => boolean> = {
  edge: (path) => path.startsWith(USERS) || path.startsWith(GROUPS) || FOR_EDGES.includes(path),
  reader: (path) => READS.includes(path),
  admin: () => true,
};

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

/** What a certificate says in a URI among its subject's alternative names. */
const ROLE_URI = /^URI:urn:leasehawk:role:(.+)$/;

/**
 * The check that stands before every call. Where the client has a certificate, that says who calls. Else, or as well,
 * the metadata's "authorization: Bearer <service token>" must belong to a caller. What either's role does not allow is
 * refused, so a token never adds to what a certificate allows. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN.
 */
export function createCallerCheck(secrets: ReadonlyMap<string, Caller>) {
  const callers = new Map([...secrets].map(([secret, caller]) => [digest(secret), caller]));
  return (call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>, path: string): Caller => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    const certified = certificate && callerOf(certificate);
    if (certified) allow(certified, path);
    const [header] = call.metadata.get('authorization');
    if (certified && header === undefined) return certified;
    const secret = /^bearer (\S+)$/i.exec(String(header ?? ''))?.[1];
    const caller = secret === undefined ? undefined : callers.get(digest(secret));
    if (!caller) throw unknown('The call carries no known service token.');
    allow(caller, path);
    return certified ?? caller;
  };
}

function allow({ role }: Caller, path: string): void {
  if (MAY_CALL[role](path)) return;
  const message = `The role "${role}" may not call ${path}.`;
  throw new DomainError(ErrorReason.ERROR_REASON_CALLER_FORBIDDEN, message);
}

/** Whom a verified certificate names: its common name, and the one role in it. */
function callerOf({ subject, subjectaltname = '' }: PeerCertificate): Caller {
  // Names that hold a comma are in quotes, and are none of ours.
  const names = subjectaltname.replace(/"(\\.|[^"\\])*"/g, '').split(', ');
  const roles = names.flatMap((name) => ROLE_URI.exec(name)?.[1] ?? []);
  const role = ROLES.find((known) => known === roles[0]);
  if (!role || roles.length > 1) throw unknown("The client's certificate does not name a role.");
  return { name: [subject?.CN ?? role].flat().join(' '), role };
}

const unknown = (message: string) => new DomainError(ErrorReason.ERROR_REASON_CALLER_UNKNOWN, message);
