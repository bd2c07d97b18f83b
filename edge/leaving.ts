/**
 * Clients that leave before their answer is complete. Hundreds of connections can end in one turn of the event loop, so
 * each costs little in that turn, and what follows waits for its own turn.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Longest work of one turn, in addition to the last call. */
const TURN_MS = 10;

const waiting: (() => unknown)[] = [];

/** Calls a function once the response is closed: at once after an answer, in its turn if the client has left. */
export function onceClosed(response: ServerResponse, call: () => void): void {
  response.once('close', () => {
    if (response.writableFinished) call();
    else inTurn(call);
  });
}

/** Calls a function in one of the next turns of the event loop, after those that wait already. */
export function inTurn(call: () => unknown): void {
  if (waiting.push(call) === 1) setImmediate(callWaiting);
}

function callWaiting(): void {
  const start = performance.now();
  let done = 0;
  while (done < waiting.length && performance.now() - start < TURN_MS) waiting[done++]?.();
  waiting.splice(0, done);
  if (waiting.length > 0) setImmediate(callWaiting);
}

/**
 * Ends requests whose connections close without the errors that Node.js and readers of bodies create for each, with
 * stacks that nobody reads. `event` is the one with which the server announces a connection that can carry HTTP.
 */
export function endQuietly(server: Server, event: 'connection' | 'secureConnection'): void {
  /** The request in progress of each connection. One that was answered would keep its body while the connection is idle. */
  const current = new WeakMap<Socket, IncomingMessage>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    current.set(socket, request);
    response.once('close', () => current.get(socket) === request && current.delete(socket));
  });
  server.on(event, (socket: Socket) => {
    // The listener of Node.js runs after this one, and ends only requests that have not ended.
    socket.prependOnceListener('close', () => current.get(socket)?.removeAllListeners('aborted').destroy());
  });
}
