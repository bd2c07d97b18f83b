/**
 * The line of the requests that arrive in one turn of the event loop: they start in several turns, so that timers and
 * answers do not wait, and the clients take turns, so that a burst of one does not delay the others.
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from './network.js';

/** Longest time for the starts of one turn, in addition to the last of them. */
const TURN_MS = 10;

type Arrived = Parameters<RequestListener>;

/** The organization of the last authenticated request of each connection. */
const organizations = new WeakMap<Socket, string>();

/** Notes that a connection has sent an authenticated request of this organization: its requests wait in its line. */
export function noteOrganization({ socket }: Pick<IncomingMessage, 'socket'>, organizationId: string): void {
  organizations.set(socket, organizationId);
}

/** Returns a listener that starts each request at once, or after those that its client's turn allows. */
export function startInTurns(listener: RequestListener): RequestListener {
  const lines = new Map<string, Set<Arrived>>();
  let spentMs = 0;
  let hasTurn = false;

  const start = (arrived: Arrived) => {
    const from = performance.now();
    listener(...arrived);
    spentMs += performance.now() - from;
  };
  const startNext = () => {
    for (const [client, line] of lines) {
      if (spentMs > TURN_MS) return;
      // The next request of this client comes after one of each other client.
      lines.delete(client);
      const arrived = first(line);
      line.delete(arrived);
      if (line.size > 0) lines.set(client, line);
      start(arrived);
    }
  };
  const endTurn = () => {
    hasTurn = lines.size > 0;
    spentMs = 0;
    if (!hasTurn) return;
    setImmediate(endTurn);
    startNext();
  };

  return (...arrived) => {
    if (!hasTurn) {
      hasTurn = true;
      setImmediate(endTurn);
    }
    if (lines.size === 0 && spentMs <= TURN_MS) start(arrived);
    else wait(lines, arrived);
  };
}

/** Returns the first element of a set that has one. */
const first = <T>(set: Set<T>): T => set.values().next().value as T;

function wait(lines: Map<string, Set<Arrived>>, arrived: Arrived): void {
  const [{ socket }] = arrived;
  const client = organizations.get(socket) ?? networkOf(socket.remoteAddress);
  const line = lines.get(client);
  if (line) line.add(arrived);
  else lines.set(client, new Set([arrived]));
}
