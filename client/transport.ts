/** One channel to userstore: sends calls and streams with credentials and a deadline, and says how they failed. */
import { Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ChannelTarget, channelOf } from './channel.js';
import { errorOf } from './errors.js';

const DEADLINE_MS = 10_000;
/** Attempts to send a call when connections refuse its stream, and the pause between them. */
const MAX_SENDS = 5;
const REFUSED_PAUSE_MS = 20;

/** The part of a method's definition that a call needs. */
export interface Method<Request, Response> {
  /** "/userstore.v1.UserService/GetUser" */
  path: string;
  requestSerialize: (request: Request) => Buffer;
  responseDeserialize: (bytes: Buffer) => Response;
}

/** Where userstore is, and who calls it. */
export interface Connection extends ChannelTarget {
  /** The service token, or a function that returns the current one. Undefined if a client certificate identifies the caller. */
  token?: string | (() => string) | undefined;
  /** Longest time of a call that names no deadline. Default: 10,000. */
  deadlineMs?: number | undefined;
}

/** How one call is sent. */
export interface SendOptions {
  /** Metadata to send; the transport adds the token. */
  metadata?: Metadata;
  /** Epoch milliseconds. */
  deadline?: number;
  /** Cancels the call. A change that is cancelled may or may not have happened. */
  signal?: AbortSignal | undefined;
}

/** A channel that can be called. */
export type Transport = ReturnType<typeof openTransport>;

/** Opens a channel to userstore. It connects at the first call, and reconnects by itself. */
export function openTransport(connection: Connection) {
  const { credentials, address, options, close } = channelOf(connection);
  const { token, deadlineMs = DEADLINE_MS } = connection;
  const client = new Client(address, credentials, options);

  const authorized = (metadata: Metadata) => {
    if (token !== undefined) metadata.set('authorization', `Bearer ${typeof token === 'string' ? token : token()}`);
    return metadata;
  };
  const send = <Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    metadata: Metadata,
    deadline: number,
    signal: AbortSignal | undefined,
  ) =>
    new Promise<Response>((resolve, reject) => {
      const cancel = () => call.cancel();
      const done = (error: ServiceError | null, response?: Response) => {
        signal?.removeEventListener('abort', cancel);
        if (error) reject(error);
        else resolve(response as Response);
      };
      const [to, from] = [requestSerialize, responseDeserialize];
      const call = client.makeUnaryRequest(path, to, from, request, metadata, { deadline }, done);
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted) cancel();
    });

  return {
    /** Calls a method. Throws UserstoreError. */
    async unary<Request, Response>(
      method: Method<Request, Response>,
      request: Request,
      { metadata = new Metadata(), deadline = Date.now() + deadlineMs, signal }: SendOptions = {},
    ): Promise<Response> {
      authorized(metadata);
      for (let sends = 1; ; sends++) {
        try {
          return await send(method, request, metadata, deadline, signal);
        } catch (error) {
          if (sends === MAX_SENDS || !wasRefused(error as ServiceError)) throw errorOf(error as ServiceError);
          await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
        }
      }
    },

    /** Yields the messages of a stream, only as fast as they are taken, until its end or the signal. Throws UserstoreError. */
    async *stream<Request, Response>(
      { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
      request: Request,
      signal?: AbortSignal,
    ): AsyncGenerator<Response> {
      if (signal?.aborted) return;
      const metadata = authorized(new Metadata());
      const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata);
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        yield* call as AsyncIterable<Response>;
      } catch (error) {
        if (!signal?.aborted) throw errorOf(error as ServiceError);
      } finally {
        signal?.removeEventListener('abort', cancel);
        call.cancel();
      }
    },

    /** Closes the channel. Calls in flight end first. */
    close(): void {
      client.close();
      close();
    },
  };
}

/**
 * Whether a connection that is closing refused a call. No userstore has processed such a call (RFC 9113 section 8.7).
 */
const wasRefused = ({ code, details }: ServiceError): boolean =>
  code === status.UNAVAILABLE && details === 'Stream refused by server';
