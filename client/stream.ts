/** The stream of events as an async iterable: it reads from userstore only as fast as its consumer does. */
import { Client, type Metadata } from '@grpc/grpc-js';
import {
  EventServiceService,
  type WatchEventsRequest,
  type WatchEventsResponse,
} from '../proto/gen/userstore/v1/event_service.js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';
import type { Target } from './calls.js';

/** Watches events until the signal is aborted or userstore ends the stream. Throws grpc-js's ServiceError. */
export async function* watchEvents(
  { address, credentials, options }: Target,
  metadata: Metadata,
  request: WatchEventsRequest,
  signal?: AbortSignal,
): AsyncGenerator<WatchEventsResponse> {
  const { path, requestSerialize, responseDeserialize } = EventServiceService.watchEvents;
  const client = new Client(address, credentials, { 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES, ...options });
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata);
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    if (!signal?.aborted) yield* call as AsyncIterable<WatchEventsResponse>;
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
    client.close();
  }
}
