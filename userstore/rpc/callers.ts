/** Authentication and authorization of callers: certificates, service tokens, roles, and the RPCs of each role. */
import { createHash } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';

/**
 * The roles: `edge` serves Okta and signs people in, `reader` reads users, groups and sessions, `admin` may call every
 * RPC.
 */
export const ROLES = ['edge', 'reader', 'admin'] as const;
/** A role. */
export type Role = (typeof ROLES)[number];

/** A service that calls userstore. */
export interface Caller {
  name: string;
  role: Role;
}

const USERS = '/userstore.v1.UserService/';
const GROUPS = '/userstore.v1.GroupService/';
const SESSIONS = '/userstore.v1.SessionService/';
const EVENTS = '/userstore.v1.EventService/';
const READS = [
  ...['GetUser', 'FindUser', 'BatchGetUsers', 'ListUsers', 'CheckUser'].map((method) => USERS + method),
  ...['GetGroup', 'ListGroups', 'ListMemberships', 'CheckMembership'].map((method) => GROUPS + method),
  `${SESSIONS}CheckSession`,
  ...['ListEvents', 'WatchEvents'].map((method) => EVENTS + method),
  '/userstore.v1.OrganizationService/GetOrganization',
];

const EDGE_CALLS = [
  `${EVENTS}ListEvents`,
  '/userstore.v1.ApiTokenService/VerifyApiToken',
  '/userstore.v1.RateLimitService/AcquirePermits',
  '/userstore.v1.ActivityService/RecordActivities',
  '/userstore.v1.OrganizationService/GetOrganization',
  '/userstore.v1.SsoConnectionService/FindSsoConnections',
  ...['AcquireWebhooks', 'ReportDelivery'].map((name) => `/userstore.v1.WebhookService/${name}`),
  ...['SignIn', 'CheckSession', 'SignOut', 'RevokeUserSessions', 'UseOnce'].map((name) => SESSIONS + name),
];

const MAY_CALL: Record<Role, (path: string) => boolean> = {
  edge: (path) => path.startsWith(USERS) || path.startsWith(GROUPS) || EDGE_CALLS.includes(path),
  reader: (path) => READS.includes(path),
  admin: () => true,
};

const digest = (secret: string) => createHash('sha256').update(secret).digest('base64');

/** The URI of a role among the subject alternative names of a certificate. */
const ROLE_URI = /^URI:urn:leasehawk:role:(.+)$/;

/** The check of a call by its headers. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN. */
export type CheckCaller = (
  call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>,
  path: string,
) => Caller;

/**
 * Creates the check of every call. It returns the caller that the client certificate names; without a certificate, or
 * if the metadata has "authorization: Bearer <service token>", it looks up the caller of that token. The roles of both
 * must allow the call, so that a token never adds to the rights of a certificate. `secrets` maps service tokens to
 * callers, which are compared by digest. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN.
 */
export function createCallerCheck(secrets: ReadonlyMap<string, Caller>): CheckCaller {
  const callers = new Map([...secrets].map(([secret, caller]) => [digest(secret), caller]));
  return (call, path) => {
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

/** Returns the caller that a verified certificate names: its common name and its only role. Throws CALLER_UNKNOWN. */
function callerOf({ subject, subjectaltname = '' }: PeerCertificate): Caller {
  // Names with a comma are in quotes; no URI of a role has one.
  const names = subjectaltname.replace(/"(\\.|[^"\\])*"/g, '').split(', ');
  const roles = names.flatMap((name) => ROLE_URI.exec(name)?.[1] ?? []);
  const role = ROLES.find((known) => known === roles[0]);
  if (!role || roles.length > 1) throw unknown("The client's certificate does not name a role.");
  return { name: [subject?.CN ?? role].flat().join(' '), role };
}

const unknown = (message: string) => new DomainError(ErrorReason.ERROR_REASON_CALLER_UNKNOWN, message);
