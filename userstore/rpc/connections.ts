/**
 * The port of userstore, and the bounds of its connections. A connection is anonymous until a call on it has a valid
 * credential. Anonymous connections are few, and each makes few calls at a time: clients without a credential cannot hold
 * the event loop with refusals, or the memory with connections. A new connection waits for its turn; it is never ended
 * for another one before it could make its first call, because a restart brings many clients of one address at once.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Server, ServerCredentials } from '@grpc/grpc-js';

/** The most anonymous connections, and those of one address; more wait. */
const MAX_ANONYMOUS = 1000;
const MAX_ANONYMOUS_OF_ADDRESS = 4;
/** The most connections that wait; more are ended. */
const MAX_WAITING = 1000;
/** An anonymous connection of this age ends if another one waits for its place. */
const FIRST_CALL_MS = 2000;
const CHECK_MS = 250;
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
  /** When its turn came, in milliseconds of the process. */
  since: number;
}

/** A connection that waits for its turn: `start` gives it to the server. */
interface Waiting {
  socket: Socket;
  start: (socket: Socket) => void;
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
  const waiting: Waiting[] = [];
  let isTaking = false;
  let checks: NodeJS.Timeout | undefined;
  const keyOf = ({ remotePort, remoteAddress }: Peer) => `${remotePort} ${remoteAddress}`;
  /** The number of anonymous connections of each address. Counted as they come and go: a turn may look at 1000. */
  const ofAddress = new Map<string | undefined, number>();
  const countOf = ({ remoteAddress }: Peer) => ofAddress.get(remoteAddress) ?? 0;
  const hasPlace = (peer: Peer) => anonymous.size < MAX_ANONYMOUS && countOf(peer) < MAX_ANONYMOUS_OF_ADDRESS;

  const leave = (peer: Peer) => {
    if (!anonymous.delete(keyOf(peer))) return;
    const left = countOf(peer) - 1;
    if (left > 0) ofAddress.set(peer.remoteAddress, left);
    else ofAddress.delete(peer.remoteAddress);
    takeSoon();
  };
  const begin = ({ socket, start }: Waiting) => {
    // A closed socket has no address any more.
    const peer = { remoteAddress: socket.remoteAddress, remotePort: socket.remotePort };
    anonymous.set(keyOf(peer), { socket, calls: 0, since: performance.now() });
    ofAddress.set(peer.remoteAddress, countOf(peer) + 1);
    socket.once('close', () => anonymous.get(keyOf(peer))?.socket === socket && leave(peer));
    start(socket);
  };
  /** Takes one connection in a turn, so that the first calls of many new connections are not all in one turn. */
  function takeSoon(): void {
    if (isTaking || waiting.length === 0) return;
    isTaking = true;
    setImmediate(() => {
      isTaking = false;
      // The newest first: behind many silent ones, a client would give up before its turn.
      const next = waiting.findLastIndex(({ socket }) => socket.destroyed || hasPlace(socket));
      if (next < 0) return;
      const [taken] = waiting.splice(next, 1);
      if (taken && !taken.socket.destroyed) begin(taken);
      takeSoon();
    });
  }
  /** Ends anonymous connections that have had their time, if others wait for their places. */
  function endSlow(): void {
    if (waiting.length === 0) {
      clearInterval(checks);
      checks = undefined;
      return;
    }
    const old = performance.now() - FIRST_CALL_MS;
    const isFull = anonymous.size >= MAX_ANONYMOUS;
    const addresses = new Set(waiting.map(({ socket }) => socket.remoteAddress));
    let needed = waiting.length;
    for (const { socket, since } of anonymous.values()) {
      const isInTheWay = isFull || addresses.has(socket.remoteAddress);
      if (since < old && isInTheWay && needed-- > 0) socket.destroy();
    }
  }

  return {
    /** Gives a new connection to the server, at once or when its turn comes. Ends it if too many wait. */
    add(socket: Socket, start: (socket: Socket) => void): void {
      if (waiting.push({ socket, start }) > MAX_WAITING) waiting.shift()?.socket.destroy();
      checks ??= setInterval(endSlow, CHECK_MS).unref();
      takeSoon();
    },

    /** Notes that a caller is known: its connection is no longer anonymous. */
    accepted: (peer: Peer): void => leave(peer),

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
  const start = (socket: Socket) => {
    injectConnection(socket);
    socket.resume();
  };
  const listener = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    connections.add(socket, start);
  });
  listener.listen(port, host);
  await once(listener, 'listening');
  return { port: (listener.address() as AddressInfo).port, close: () => void listener.close() };
}
