/** The edge's only way to call userstore: a deadline and the request id on every call. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type Call, CONTRACT, createClient } from '../client/calls.js';
import { channelOptions, targetOf } from '../client/channel.js';
import { type ClientTls, channel } from '../client/credentials.js';
import { failureOf, type RpcFailure } from '../client/errors.js';
import { HEALTH } from '../proto/health.js';
import { createOrganizationCalls } from './limits/organization-calls.js';

const HEALTH_DEADLINE_MS = 2000;
/** Attempts to send a call when connections refuse its stream, and the pause between them. */
const MAX_SENDS = 5;
const REFUSED_PAUSE_MS = 20;

/** A failed call: the reason, if userstore gave one, and whether a later retry may succeed. */
export class StoreError extends Error {
  constructor(
    readonly failure: RpcFailure | undefined,
    readonly isUnavailable: boolean,
    cause: Error & Partial<ServiceError>,
  ) {
    super(cause.details ?? cause.message, { cause });
  }

  /** Whether userstore is too busy, or the request too large for it. */
  get isExhausted(): boolean {
    return (this.cause as Partial<ServiceError>).code === status.RESOURCE_EXHAUSTED;
  }
}

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
 * `client.getUser(request, requestId, signal)`. Every call throws StoreError.
 */
export type StoreClient = ReturnType<typeof createStoreClient>;

/** Opens a channel to userstore, which reconnects by itself. */
export function createStoreClient({ address, serviceToken, deadlineMs, observe, ...tls }: StoreOptions) {
  const { credentials, options } = channel(address.replace('dns:///', ''), tls);
  const target = { address: targetOf(address), credentials, options: { ...options, ...channelOptions() } };
  const calls = createOrganizationCalls(clientLeft);
  let inFlight = 0;

  const metadataOf = (requestId: string) => {
    const metadata = new Metadata();
    if (serviceToken !== undefined) metadata.set('authorization', `Bearer ${serviceToken}`);
    metadata.set('x-request-id', requestId);
    return metadata;
  };
  const observed = async <Response>(
    { rpc, send }: Call<Response>,
    requestId: string,
    deadline: number,
    signal: AbortSignal | undefined,
  ) => {
    const metadata = metadataOf(requestId);
    const ended = observe(rpc, metadata);
    inFlight++;
    try {
      const response = await sendUntilAccepted(() => send(metadata, deadline, isRead(rpc) ? signal : undefined));
      ended(status[status.OK]);
      return response;
    } catch (error) {
      const failure = error as ServiceError;
      ended(status[failure.code] as string);
      throw failed(failure);
    } finally {
      inFlight--;
    }
  };
  const client = createClient(
    { ...CONTRACT, ...HEALTH },
    target,
    async (call, requestId: string, signal?: AbortSignal) => {
      if (signal?.aborted) throw clientLeft();
      const isHealth = call.rpc === 'Health/Check';
      const deadline = Date.now() + (isHealth ? HEALTH_DEADLINE_MS : deadlineMs);
      if (!isAboutResources(call)) return await observed(call, requestId, deadline, signal);
      const end = await calls.wait(call.request.organizationId, signal);
      try {
        // Hundreds of calls that start after their deadline would be reset at once, which gRPC takes for an attack.
        if (Date.now() >= deadline) throw new StoreError(undefined, true, new Error('no turn within the deadline'));
        return await observed(call, requestId, deadline, signal);
      } finally {
        end();
      }
    },
  );
  return {
    ...client,
    callsInFlight: () => inFlight,
    /** Returns the number of calls that wait for their organization's turn: at most one per request. */
    callsQueued: calls.queued,
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

const clientLeft = () => new StoreError(undefined, true, new Error('the client has left'));

/** Sends a call again while connections refuse its stream, at most MAX_SENDS times. Throws the last ServiceError. */
async function sendUntilAccepted<Response>(send: () => Promise<Response>): Promise<Response> {
  for (let sends = 1; ; sends++) {
    try {
      return await send();
    } catch (error) {
      if (sends === MAX_SENDS || !wasRefused(error as ServiceError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  }
}

/**
 * Whether a connection that is closing refused a call. No userstore has processed such a call (RFC 9113 section 8.7).
 */
const wasRefused = ({ code, details }: ServiceError): boolean =>
  code === status.UNAVAILABLE && details === 'Stream refused by server';

function failed(error: ServiceError): StoreError {
  const transient = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.RESOURCE_EXHAUSTED];
  // grpc-js reports a connection that breaks during a call in one of several ways.
  const isBroken = error.code === status.INTERNAL && error.details.startsWith('Received RST_STREAM');
  return new StoreError(failureOf(error), isBroken || transient.includes(error.code), error);
}
