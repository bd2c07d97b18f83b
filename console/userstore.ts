/** The calls to userstore, each with the service token of the role of the person who asks. */
import { randomUUID } from 'node:crypto';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CONTRACT, createClient } from '../client/calls.js';
import { type ClientTls, channel } from '../client/credentials.js';
import { failureOf } from '../client/errors.js';
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
import type { Role, Staff } from './staff/role.js';

/** Longest call, in milliseconds. */
const DEADLINE_MS = 10_000;

/** The address of userstore, the service tokens of the roles, and TLS. */
export interface UserstoreOptions extends ClientTls {
  /** "host:port" */
  address: string;
  tokens: Record<Role, string>;
}

/** The contract's calls. Each throws CallError. */
export type Userstore = ReturnType<typeof createClients>['admin'];

/** A failed call, with the reason of the contract and its sentence for people. */
export class CallError extends Error {
  /** The name of the reason without its prefix: "USER_NOT_FOUND". Undefined if userstore gave none. */
  readonly reason: string | undefined;
  /** Whether userstore could not be reached or was too busy: a later attempt may succeed. */
  readonly isUnavailable: boolean;

  constructor(rpc: string, cause: ServiceError) {
    super(cause.details || `${rpc} failed`, { cause });
    const failure = failureOf(cause);
    this.reason = failure && ErrorReason[failure.reason]?.replace('ERROR_REASON_', '');
    this.isUnavailable = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.RESOURCE_EXHAUSTED].includes(cause.code);
  }
}

/** Creates a client for each role over one channel each. Clients connect at the first call. */
export function createClients({ address, tokens, ...tls }: UserstoreOptions) {
  const clientOf = (role: Role) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${tokens[role]}`);
    return createClient(CONTRACT, { address, ...channel(address, tls) }, async ({ rpc, send }) => {
      try {
        return await send(metadata, Date.now() + DEADLINE_MS);
      } catch (error) {
        throw new CallError(rpc, error as ServiceError);
      }
    });
  };
  return { viewer: clientOf('viewer'), support: clientOf('support'), admin: clientOf('admin') };
}

/** Returns the origin of a change that a person asks for. */
export const actorOf = ({ name }: Staff): Actor => ({ caller: 'console', requestId: randomUUID(), person: name });

/** Returns the part of a response that userstore always sends. Throws an Error if it is missing. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Userstore answered without a result; is it of another version?');
  return value;
}

/** Returns the result of a call; undefined if it failed for this reason. */
export async function unless<T>(reason: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallError && error.reason === reason) return undefined;
    throw error;
  }
}
