/** The admin command's connection to userstore: the contract with the role "admin", and errors as sentences. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { createCalls } from '../../client/calls.js';
import { CONTRACT } from '../../client/contract.js';
import type { ClientTls } from '../../client/credentials.js';
import { AbortedError, type Reason, UserstoreError } from '../../client/errors.js';
import { openTransport } from '../../client/transport.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';

const TIMEOUT_MS = 10_000;

/** The contract's calls. Each has a deadline and throws an Error whose message is one sentence for a person. */
export type AdminClient = ReturnType<typeof createAdminClient>;

/** Creates a client of the userstore at `address` ("host:port"). It connects at the first call. */
export function createAdminClient(address: string, token: string | undefined, tls: ClientTls) {
  const transport = openTransport({ address, token, deadlineMs: TIMEOUT_MS, ...tls });
  const calls = createCalls(CONTRACT, transport, async ({ send }) => {
    try {
      return await send();
    } catch (error) {
      throw new Error(sentenceFor(error as UserstoreError, address), { cause: error });
    }
  });
  return { ...calls, close: transport.close };
}

/** Returns the actor of a change: the person who is logged in to this machine. */
export const actor = (): Actor => ({ caller: 'admin', requestId: randomUUID(), person: userInfo().username });

/** Whether a call failed because its etag is stale. */
export const isStale = (error: unknown): boolean => error instanceof Error && error.cause instanceof AbortedError;

/** Whether a call failed for this reason. */
export const failedFor = (error: unknown, reason: Reason): boolean =>
  error instanceof Error && error.cause instanceof UserstoreError && error.cause.reason === reason;

/** Returns the result of a call; undefined if it failed for this reason of the contract. */
export async function orUndefined<T>(call: Promise<T>, reason: Reason): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (failedFor(error, reason)) return undefined;
    throw error;
  }
}

function sentenceFor({ code, message }: UserstoreError, address: string): string {
  switch (code) {
    case 'UNAVAILABLE':
      // Either userstore's own sentence about its database, or grpc-js's about the connection.
      if (!/connect|resol|lookup|certificate|tls|ssl/i.test(message)) return `Userstore at ${address}: ${message}`;
      return `Userstore cannot be reached at ${address}${reasonIn(message)}. Is it running (npm start), and is this its address?`;
    case 'DEADLINE_EXCEEDED':
      return `Userstore at ${address} did not answer within ${TIMEOUT_MS / 1000} seconds.`;
    case 'UNAUTHENTICATED':
      if (/certificate/.test(message))
        return `Userstore at ${address}: ${message} Set ADMIN_CLIENT_CERT to one of role admin.`;
      return `Userstore at ${address} does not know this service token. Set ADMIN_TOKEN, or DATA_DIR to its folder.`;
    default:
      return message;
  }
}

/** Returns the part of grpc-js's message that distinguishes a refused certificate from a wrong port. */
function reasonIn(message: string): string {
  const reason = /Last error: (?:Error[^:]*: )?([^\n]+?)\.?(?: Resolution note|$)/m.exec(message)?.[1];
  return reason === undefined ? '' : ` (${reason})`;
}
