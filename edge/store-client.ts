/** The edge's only way to call userstore: the client package with fair shares for organizations, and the request id on every call. */
import { Metadata } from '@grpc/grpc-js';
import { type Call, createCalls } from '../client/calls.js';
import { CONTRACT } from '../client/contract.js';
import type { ClientTls } from '../client/credentials.js';
import { errorWith, type UserstoreError } from '../client/errors.js';
import { openTransport } from '../client/transport.js';
import { HEALTH } from '../proto/health.js';
import { createFairShares } from './limits/fair-shares.js';

const HEALTH_DEADLINE_MS = 2000;

/** The address of userstore and how to call it. */
export interface StoreOptions extends ClientTls {
  /** "host:port", several of them separated by commas, or "dns:///name:port". */
  address: string;
  /** Undefined if a client certificate identifies the edge. */
  serviceToken: string | undefined;
  /** Longest time of a call. */
  deadlineMs: number;
  /**
   * Called with each call ("UserService/GetUser") before it is sent; returns a function to call with its status code.
   */
  observe: (rpc: string, metadata: Metadata) => (code: string) => void;
}

/**
 * The calls of the contract, each with the id of the request that causes it and the signal that its client has left:
 * `client.getUser(request, requestId, signal)`. Every call throws UserstoreError.
 */
export type StoreClient = ReturnType<typeof createStoreClient>;

/** Opens a channel to userstore, which reconnects by itself. */
export function createStoreClient({ serviceToken: token, deadlineMs, observe, ...target }: StoreOptions) {
  const transport = openTransport({ ...target, token });
  const shares = createFairShares(clientLeft);
  let inFlight = 0;

  const observed = async <Response>(
    { rpc, send }: Call<Response>,
    requestId: string,
    deadline: number,
    signal: AbortSignal | undefined,
  ) => {
    const metadata = new Metadata();
    metadata.set('x-request-id', requestId);
    const ended = observe(rpc, metadata);
    inFlight++;
    try {
      const response = await send({ metadata, deadline, signal: isRead(rpc) ? signal : undefined });
      ended('OK');
      return response;
    } catch (error) {
      ended((error as UserstoreError).code);
      throw error;
    } finally {
      inFlight--;
    }
  };
  const client = createCalls(
    { ...CONTRACT, ...HEALTH },
    transport,
    async (call, requestId: string, signal?: AbortSignal) => {
      if (signal?.aborted) throw clientLeft();
      const isHealth = call.rpc === 'Health/Check';
      const deadline = Date.now() + (isHealth ? HEALTH_DEADLINE_MS : deadlineMs);
      if (!isAboutResources(call)) return await observed(call, requestId, deadline, signal);
      const end = await shares.wait(call.request.organizationId, signal);
      let wasSent = false;
      try {
        // Hundreds of calls that start after their deadline would be reset at once, which gRPC takes for an attack.
        if (Date.now() >= deadline) throw errorWith('DEADLINE_EXCEEDED', 'no turn within the deadline');
        wasSent = true;
        return await observed(call, requestId, deadline, signal);
      } finally {
        end(wasSent);
      }
    },
  );
  return {
    ...client,
    close: transport.close,
    callsInFlight: () => inFlight,
    /** Returns the number of calls that wait for their organization's share: at most one per request. */
    callsQueued: shares.queued,
  };
}

/** Whether a call is about the users or groups of an organization. Such calls wait for their turn. */
const isAboutResources = <Response>(
  call: Call<Response>,
): call is Call<Response> & { request: { organizationId: string } } => /^(User|Group)Service\//.test(call.rpc);

/**
 * Whether a call only reads: it is cancelled when the client leaves. A change that was sent is carried through, because
 * a cancelled one may or may not have happened.
 */
const isRead = (rpc: string): boolean => /\/(Get|List|Find|Verify|Check)/.test(rpc);

const clientLeft = () => errorWith('CANCELLED', 'the client has left');
