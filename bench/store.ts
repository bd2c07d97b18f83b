/** Userstore's calls for measurements over gRPC. */
import { credentials, Metadata } from '@grpc/grpc-js';
import { CONTRACT, createClient } from '../client/calls.js';
import { MAX_MESSAGE_BYTES } from '../proto/message-size.js';
import { TOKENS } from './chains.js';

/** The calls of the contract with the role "edge". */
export type Store = ReturnType<typeof createStore>;

/** Creates a client of the userstore at `address`, whose calls end after `timeoutMs`. */
export function createStore(address: string, timeoutMs: number) {
  const options = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  };
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${TOKENS.edge}`);
  const target = { address, credentials: credentials.createInsecure(), options };
  return createClient(CONTRACT, target, ({ send }) => send(metadata, Date.now() + timeoutMs));
}
