/** Authentication and authorization of callers: certificates, service tokens and their roles. */
import type { PeerCertificate } from 'node:tls';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { type ServiceAccount, Role as StoredRole } from '../../proto/gen/userstore/v1/service_account_service.js';
import { digestOf } from '../domain/credentials.js';
import { DomainError } from '../model/domain-error.js';
import { mayCall, ROLES, type Role } from './permissions.js';

/** A service that calls userstore. */
export interface Caller {
  name: string;
  role: Role;
  /** The ids of the organizations that the caller is held to; undefined: it may see all. */
  organizationIds?: readonly string[];
  /** The id of the caller's service account; undefined: the caller has another credential. */
  accountId?: string;
}

/** Creates the error for a credential that is missing or not known. */
export const unknownCaller = (message: string) => new DomainError(ErrorReason.ERROR_REASON_CALLER_UNKNOWN, message);
/** One error for all calls, since each stack takes time. */
const NO_TOKEN = unknownCaller('The call carries no known service token.');

/** The URIs of a role and of an organization among the subject alternative names of a certificate. */
const ROLE_URI = /^URI:urn:leasehawk:role:(.+)$/;
const ORGANIZATION_URI = /^URI:urn:leasehawk:organization:(.+)$/;

/** The check of a call by its headers. Throws CALLER_UNKNOWN, CALLER_FORBIDDEN. */
export type CheckCaller = (
  call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getAuthContext'>,
  path: string,
) => Caller;

/**
 * Creates the check of every call. It returns the caller that the client certificate names; without a certificate, or
 * if the metadata has "authorization: Bearer <service token>", it looks up the caller of that token. The roles of both
 * must allow the call, so that a token never adds to the rights of a certificate. `secrets` maps service tokens to
 * callers, which are compared by digest; `accountOf` returns the service account with a digest. Throws CALLER_UNKNOWN,
 * CALLER_FORBIDDEN.
 */
export function createCallerCheck(
  secrets: ReadonlyMap<string, Caller>,
  accountOf: (digest: string) => ServiceAccount | undefined = () => undefined,
): CheckCaller {
  const callers = new Map([...secrets].map(([secret, caller]) => [digestOf(secret), caller]));
  const callerWith = (digest: string) => callers.get(digest) ?? callerIn(accountOf(digest));
  return (call, path) => {
    const certificate = call.getAuthContext().sslPeerCertificate;
    const certified = certificate && callerOf(certificate);
    if (certified) allow(certified, path);
    const [header] = call.metadata.get('authorization');
    if (certified && header === undefined) return certified;
    const secret = /^bearer (\S+)$/i.exec(String(header ?? ''))?.[1];
    const caller = secret === undefined ? undefined : callerWith(digestOf(secret));
    if (!caller) throw NO_TOKEN;
    allow(caller, path);
    return certified ? narrowed(certified, caller) : caller;
  };
}

const ROLE_NAMES: Partial<Record<StoredRole, Role>> = {
  [StoredRole.ROLE_EDGE]: 'edge',
  [StoredRole.ROLE_READER]: 'reader',
  [StoredRole.ROLE_VIEWER]: 'viewer',
  [StoredRole.ROLE_SUPPORT]: 'support',
  [StoredRole.ROLE_ADMIN]: 'admin',
};

/** Returns the caller of an account; undefined if its role is newer than this build. */
function callerIn(account: ServiceAccount | undefined): Caller | undefined {
  const role = account && ROLE_NAMES[account.role];
  if (!role) return undefined;
  const { id: accountId, name, organizationIds } = account;
  return { name, role, accountId, ...(organizationIds.length > 0 ? { organizationIds } : {}) };
}

/** Returns the certified caller, held to the organizations of both: a token adds nothing to a certificate. */
function narrowed(certified: Caller, { organizationIds: ofToken }: Caller): Caller {
  const { organizationIds: ofCertificate = ofToken } = certified;
  if (!ofCertificate) return certified;
  const organizationIds = ofToken ? ofCertificate.filter((id) => ofToken.includes(id)) : ofCertificate;
  return { ...certified, organizationIds };
}

function allow({ role }: Caller, path: string): void {
  if (mayCall(role, path)) return;
  const rpc = path.slice(path.lastIndexOf('.') + 1);
  const message =
    role === 'support'
      ? `The role "support" reads everything and changes locks and sessions only, and revokes setup links: it may not call ${rpc}.`
      : `The role "${role}" may not call ${rpc}.`;
  throw new DomainError(ErrorReason.ERROR_REASON_CALLER_FORBIDDEN, message);
}

/**
 * Returns the caller that a verified certificate names: its common name, its only role, and its organizations if it
 * names any. Throws CALLER_UNKNOWN.
 */
function callerOf({ subject, subjectaltname = '' }: PeerCertificate): Caller {
  // Names with a comma are in quotes; no URI of a role has one.
  const names = subjectaltname.replace(/"(\\.|[^"\\])*"/g, '').split(', ');
  const roles = names.flatMap((name) => ROLE_URI.exec(name)?.[1] ?? []);
  const role = ROLES.find((known) => known === roles[0]);
  if (!role || roles.length > 1) throw unknownCaller("The client's certificate does not name a role.");
  const organizationIds = names.flatMap((name) => ORGANIZATION_URI.exec(name)?.[1] ?? []);
  const held = organizationIds.length > 0 ? { organizationIds } : {};
  return { name: [subject?.CN ?? role].flat().join(' '), role, ...held };
}
