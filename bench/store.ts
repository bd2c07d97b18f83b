/** Userstore's calls for measurements over gRPC. */
import { createCalls } from '../client/calls.js';
import { CONTRACT } from '../client/contract.js';
import { openTransport } from '../client/transport.js';
import { TOKENS } from './chains.js';

/** The calls of the contract with the role "edge". */
export type Store = ReturnType<typeof createStore>;

/** Creates a client of the userstore at `address`, whose calls end after `timeoutMs`. */
export function createStore(address: string, deadlineMs: number) {
  const transport = openTransport({ address, token: TOKENS.edge, deadlineMs });
  return { ...createCalls(CONTRACT, transport, ({ send }) => send()), close: transport.close };
}
