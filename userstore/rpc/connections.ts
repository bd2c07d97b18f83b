/**
 * The port of userstore, and the bounds of its connections. A connection is anonymous until a call on it has a
 * valid credential. Anonymous connections are few, and each makes few calls at a time: clients without a credential cannot hold the event
 * loop with refusals, or the memory with connections.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Server, ServerCredentials } from '@grpc/grpc-js';

/** The most anonymous connections, and those of one address; the oldest ends for a new one. */
const MAX_ANONYMOUS = 1000;
const MAX_ANONYMOUS_OF_ADDRESS = 4;
/** The most refused calls and streams of Health.Watch of an anonymous connection in one turn of the event loop. */
const MAX_ANONYMOUS_CALLS = 10;
/**
 * The most calls of a connection at a time; more wait in the client. An anonymous client could otherwise send 2000 in
 * one turn. One caller may have 100 streams of events.
 */
export const MAX_CALLS_OF_CONNECTION = 128;

/** The address of a client, as both grpc-js and the listener know it. */
interface Peer {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}

/** An anonymous connection, and its calls of this turn. */
interface Anonymous {
  socket: Socket;
  calls: number;
}

function endTurn(connection: Anonymous): void {
  if (connection.calls > MAX_ANONYMOUS_CALLS) connection.socket.destroy();
  connection.calls = 0;
}

/** The connections of one server. */
export type Connections = ReturnType<typeof createConnections>;

/** Creates the bounds of a server's connections. */
export function createConnections() {
  /** The oldest first. */
  const anonymous = new Map<string, Anonymous>();
  const keyOf = ({ remotePort, remoteAddress }: Peer) => `${remotePort} ${remoteAddress}`;
  const end = (key = '') => {
    anonymous.get(key)?.socket.destroy();
    anonymous.delete(key);
  };
  return {
    /** Adds a new connection. */
    add(socket: Socket): void {
      const isOfAddress = (key: string) => key.endsWith(` ${socket.remoteAddress}`);
      const ofAddress = [...anonymous.keys()].filter(isOfAddress);
      if (ofAddress.length >= MAX_ANONYMOUS_OF_ADDRESS) end(ofAddress[0]);
      else if (anonymous.size >= MAX_ANONYMOUS) end(anonymous.keys().next().value);
      const key = keyOf(socket);
      anonymous.set(key, { socket, calls: 0 });
      socket.once('close', () => anonymous.get(key)?.socket === socket && anonymous.delete(key));
    },

    /** Notes that a caller is known: its connection is no longer anonymous. */
    accepted: (peer: Peer): void => void anonymous.delete(keyOf(peer)),

    /**
     * Notes a refused call or a stream of Health.Watch. Returns false if an anonymous connection has had too many of
     * them in this turn of the event loop: it then ends, and the rest of its calls is left without an answer.
     */
    hasCallLeft(peer: Peer): boolean {
      const connection = anonymous.get(keyOf(peer));
      if (!connection) return true;
      // Not at once: Node.js aborts if a session ends between two frames that have arrived together.
      if (connection.calls === 0) setImmediate(endTurn, connection);
      return ++connection.calls <= MAX_ANONYMOUS_CALLS;
    },
  };
}

/** Listens at an address. Returns the port, and the function that ends listening. Throws the error of the listener. */
export async function listen(
  server: Server,
  connections: Connections,
  { host, port }: { host: string; port: number },
  credentials: ServerCredentials,
): Promise<{ port: number; close: () => void }> {
  const { injectConnection } = server.createConnectionInjector(credentials);
  const waiting: Socket[] = [];
  // One a turn, so that the first calls of many new connections are not all in one turn.
  const takeNext = () => {
    const socket = waiting.shift();
    if (!socket) return;
    connections.add(socket);
    injectConnection(socket);
    socket.resume();
    setImmediate(takeNext);
  };
  const listener = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    if (waiting.push(socket) === 1) setImmediate(takeNext);
  });
  listener.listen(port, host);
  await once(listener, 'listening');
  return { port: (listener.address() as AddressInfo).port, close: () => void listener.close() };
}
