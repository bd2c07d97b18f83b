/** Userstore over gRPC as a calling service sees it: promises, and failures in the contract's words. */
import { randomUUID } from 'node:crypto';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { CONTRACT, createClient } from '../../client/calls.js';
import { type ClientTls, channel } from '../../client/credentials.js';
import { failureOf } from '../../client/errors.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { HEALTH } from '../../proto/health.js';

/** A connection; each call throws grpc-js's ServiceError. */
export type UserstoreClient = ReturnType<typeof userstoreClient>;

/** Connects with this service token; undefined sends none. A call ends after `deadlineMs`. */
export function userstoreClient(
  address: string,
  serviceToken: string | undefined,
  deadlineMs = 10_000,
  tls: ClientTls = {},
) {
  const { credentials, options: tlsOptions } = channel(address, tls);
  // A client's own channel, so that no client inherits another's pause between attempts to connect.
  const options = { ...tlsOptions, 'grpc.use_local_subchannel_pool': 1, 'grpc.max_reconnect_backoff_ms': 500 };
  const metadata = new Metadata();
  if (serviceToken !== undefined) metadata.set('authorization', `Bearer ${serviceToken}`);
  const client = createClient(
    { ...CONTRACT, ...HEALTH },
    { address, credentials, options },
    ({ send }, timeoutMs: number = deadlineMs) => send(metadata, Date.now() + timeoutMs),
  );
  return {
    ...client,
    close: () => {
      tls.certificates?.close();
      client.close();
    },
  };
}

/** The actor of a test's request. */
export const actor = () => ({ caller: 'test', apiTokenId: undefined, requestId: randomUUID() });

/** Returns how a call fails: the canonical code, the reason without its prefix, the field. Throws if it succeeds. */
export async function failureIn(call: Promise<unknown>): Promise<{ code: string; reason?: string; field?: string }> {
  try {
    await call;
  } catch (error) {
    const { code, metadata } = error as ServiceError;
    if (code === undefined || !metadata) throw error;
    const failure = failureOf(error as ServiceError);
    const reason = failure && ErrorReason[failure.reason].replace('ERROR_REASON_', '');
    return {
      code: status[code],
      ...(reason === undefined ? {} : { reason }),
      ...(failure?.field === undefined ? {} : { field: failure.field }),
    };
  }
  throw new Error('the call succeeded, though it must not');
}

/** Waits until `isSo` returns true. Throws an Error if it does not within `timeoutMs`. */
export async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const giveUp = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > giveUp) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
