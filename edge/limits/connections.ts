/**
 * The connections of a server that anyone can open. Those that have sent nothing yet, the silent ones, make way for new
 * ones, the oldest first; and no network holds them all.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { inTurn } from '../leaving.js';
import { networkOf } from './network.js';

/** Longest time until the first byte of a connection. */
const FIRST_BYTE_MS = 5000;
const CHECK_MS = 1000;
/** A network gets at most 1/SHARES of the connections. */
const SHARES = 4;
/** The last part of the capacity, 1/RESERVE, is for new connections: each one there closes a silent one. */
const RESERVE = 50;

/** A connection that may have sent nothing yet. */
interface Silent {
  socket: Socket;
  network: string;
  since: number;
  /** Bytes read when it was opened: those of the TLS handshake. */
  bytes: number;
}

/** The connections of one network. */
interface Network {
  open: number;
  /** The oldest first. */
  silent: Set<Silent>;
}

/**
 * Bounds the connections of a server to `max`. `isDirect`: clients connect without a proxy, so that each network has a
 * share. `event` is the one with which the server announces a connection that can carry HTTP.
 */
export function limitConnections(
  server: Server,
  max: number,
  isDirect: boolean,
  event: 'connection' | 'secureConnection' = 'connection',
  firstByteMs = FIRST_BYTE_MS,
): void {
  const share = Math.ceil(max / SHARES);
  const reserved = Math.ceil(max / RESERVE);
  const networks = new Map<string, Network>();
  const silent = new Set<Silent>();
  let open = 0;
  server.maxConnections = max;
  // Anyone can open many idle connections, so these are closed in favour of new ones.
  server.on('drop', () => server.closeIdleConnections());

  const forget = (connection: Silent) => {
    silent.delete(connection);
    networks.get(connection.network)?.silent.delete(connection);
  };
  /** Closes the oldest of these that is still silent. Returns false if there is none. */
  const closeOldest = (connections: Iterable<Silent>): boolean => {
    for (const connection of connections) {
      forget(connection);
      if (connection.socket.bytesRead > connection.bytes) continue;
      connection.socket.destroy();
      return true;
    }
    return false;
  };

  server.on(event, (socket: Socket) => {
    const name = networkOf(socket.remoteAddress);
    const network = networks.get(name) ?? { open: 0, silent: new Set() };
    networks.set(name, network);
    open++;
    network.open++;
    const connection = { socket, network: name, since: performance.now(), bytes: socket.bytesRead };
    socket.once('close', () => {
      forget(connection);
      open--;
      if (--network.open === 0) networks.delete(name);
    });
    if (isDirect && network.open > share && !closeOldest(network.silent)) {
      socket.destroy();
      return;
    }
    if (open > max - reserved) closeOldest(silent);
    silent.add(connection);
    network.silent.add(connection);
  });

  const closeDue = () => {
    const due = performance.now() - firstByteMs;
    for (const connection of silent) {
      if (connection.since > due) break;
      forget(connection);
      // Thousands can be due at once.
      inTurn(() => connection.socket.bytesRead === connection.bytes && connection.socket.destroy());
    }
  };
  const timer = setInterval(closeDue, Math.min(CHECK_MS, firstByteMs));
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
