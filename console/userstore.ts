/** The calls to userstore, each with the service token of the role of the person who asks. */
import { randomUUID } from 'node:crypto';
import { createCalls } from '../client/calls.js';
import { CONTRACT } from '../client/contract.js';
import type { ClientTls } from '../client/credentials.js';
import { type Reason, UserstoreError } from '../client/errors.js';
import { required } from '../client/required.js';
import { openTransport } from '../client/transport.js';
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import type { Role, Staff } from './staff/role.js';

/** Longest call, in milliseconds. */
const DEADLINE_MS = 10_000;

/** The address of userstore, the service tokens of the roles, and TLS. */
export interface UserstoreOptions extends ClientTls {
  /** "host:port" */
  address: string;
  tokens: Record<Role, string>;
}

/** The contract's calls. Each throws UserstoreError. */
export type Userstore = ReturnType<typeof createClients>['admin'];

/** Creates a client for each role. Clients connect at the first call. */
export function createClients({ address, tokens, ...tls }: UserstoreOptions) {
  const clientOf = (role: Role) => {
    const transport = openTransport({ address, token: tokens[role], deadlineMs: DEADLINE_MS, ...tls });
    return { ...createCalls(CONTRACT, transport, ({ send }) => send()), close: transport.close };
  };
  return { viewer: clientOf('viewer'), support: clientOf('support'), admin: clientOf('admin') };
}

/** Returns the origin of a change that a person asks for. */
export const actorOf = ({ name }: Staff): Actor => ({ caller: 'console', requestId: randomUUID(), person: name });

/** Returns the organization in an address. Throws UserstoreError (ORGANIZATION_NOT_FOUND). */
export const organizationAt = async (userstore: Userstore, organizationId: unknown): Promise<Organization> =>
  required((await userstore.getOrganization({ organizationId: String(organizationId) })).organization);

/** Returns the result of a call; undefined if it failed for this reason. */
export async function unless<T>(reason: Reason, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof UserstoreError && error.reason === reason) return undefined;
    throw error;
  }
}
