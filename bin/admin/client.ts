/** The admin command's connection to userstore: the contract with the role "admin", and errors as sentences. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CONTRACT, createClient } from '../../client/calls.js';
import { type ClientTls, channel } from '../../client/credentials.js';
import { failureOf } from '../../client/errors.js';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';

const TIMEOUT_MS = 10_000;

/** The contract's calls. Each has a deadline and throws an Error whose message is one sentence for a person. */
export type AdminClient = ReturnType<typeof createAdminClient>;

/** Creates a client of the userstore at `address` ("host:port"). It connects at the first call. */
export function createAdminClient(address: string, serviceToken: string | undefined, tls: ClientTls) {
  const metadata = new Metadata();
  if (serviceToken !== undefined) metadata.set('authorization', `Bearer ${serviceToken}`);
  return createClient(CONTRACT, { address, ...channel(address, tls) }, async ({ send }) => {
    try {
      return await send(metadata, Date.now() + TIMEOUT_MS);
    } catch (error) {
      throw new Error(sentenceFor(error as ServiceError, address), { cause: error });
    }
  });
}

/** Returns the actor of a change: the person who is logged in to this machine. */
export const actor = (): Actor => ({ caller: 'admin', requestId: randomUUID(), person: userInfo().username });

/** Returns the part of a response that userstore always sends. Throws an Error if it is missing. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Userstore answered without a result; is it of another version?');
  return value;
}

/** Whether a call failed because its etag is stale. */
export const isStale = (error: unknown): boolean =>
  error instanceof Error && (error.cause as Partial<ServiceError> | undefined)?.code === status.ABORTED;

/** Whether a call failed for this reason of the contract, named without its prefix: "USER_NOT_FOUND". */
export function failedFor(error: unknown, reason: string): boolean {
  const failure = error instanceof Error && error.cause ? failureOf(error.cause as ServiceError) : undefined;
  return failure !== undefined && ErrorReason[failure.reason] === `ERROR_REASON_${reason}`;
}

function sentenceFor({ code, details }: ServiceError, address: string): string {
  switch (code) {
    case status.UNAVAILABLE:
      // Either userstore's own sentence about its database, or grpc-js's about the connection.
      if (!/connect|resol|lookup|certificate|tls|ssl/i.test(details)) return `Userstore at ${address}: ${details}`;
      return `Userstore cannot be reached at ${address}${reasonIn(details)}. Is it running (npm start), and is this its address?`;
    case status.DEADLINE_EXCEEDED:
      return `Userstore at ${address} did not answer within ${TIMEOUT_MS / 1000} seconds.`;
    case status.UNAUTHENTICATED:
      if (/certificate/.test(details))
        return `Userstore at ${address}: ${details} Set ADMIN_CLIENT_CERT to one of role admin.`;
      return `Userstore at ${address} does not know this service token. Set ADMIN_TOKEN, or DATA_DIR to its folder.`;
    default:
      return details;
  }
}

/** Returns the part of grpc-js's message that distinguishes a refused certificate from a wrong port. */
function reasonIn(details: string): string {
  const reason = /Last error: (?:Error[^:]*: )?([^\n]+?)\.?(?: Resolution note|$)/m.exec(details)?.[1];
  return reason === undefined ? '' : ` (${reason})`;
}
