/** Userstore over gRPC as a calling service sees it: promises, and failures in the contract's words. */
import { randomUUID } from 'node:crypto';
import { createCalls } from '../../client/calls.js';
import { CONTRACT, WATCH_EVENTS } from '../../client/contract.js';
import type { ClientTls } from '../../client/credentials.js';
import { UserstoreError } from '../../client/errors.js';
import { openTransport } from '../../client/transport.js';
import type { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { HEALTH } from '../../proto/health.js';

/** A connection; each call throws UserstoreError. */
export type UserstoreClient = ReturnType<typeof userstoreClient>;

/**
 * A client's own channel, so that no client inherits another's pause between attempts to connect; it connects when it is
 * called and calls once, so that tests see each answer.
 */
const GRPC = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.service_config': '{}',
  // A test with thousands of calls at once may keep userstore busy for longer than a keepalive allows.
  'grpc.keepalive_time_ms': 600_000,
};

/** Connects with this service token; undefined sends none. A call ends after `deadlineMs`. */
export function userstoreClient(address: string, token: string | undefined, deadlineMs = 10_000, tls: ClientTls = {}) {
  const transport = openTransport({ address, token, deadlineMs, grpc: GRPC, ...tls });
  const calls = createCalls({ ...CONTRACT, ...HEALTH }, transport, ({ send }, timeoutMs: number = deadlineMs) =>
    send({ deadline: Date.now() + timeoutMs }),
  );
  return {
    ...calls,
    /** Yields the messages of one stream of events. */
    watchEvents: (request: WatchEventsRequest, signal?: AbortSignal) => transport.stream(WATCH_EVENTS, request, signal),
    close: () => {
      tls.certificates?.close();
      transport.close();
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
    if (!(error instanceof UserstoreError)) throw error;
    const { code, reason, field } = error;
    return { code, ...(reason === undefined ? {} : { reason }), ...(field === undefined ? {} : { field }) };
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
