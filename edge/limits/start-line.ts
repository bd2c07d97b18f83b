/**
 * The line of the requests that arrive in one turn of the event loop: they start in several turns, so that timers and
 * answers do not wait, and the clients take turns, so that a burst of one does not delay the others.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import { networkOf } from './network.js';

/** Longest time for the starts of one turn, in addition to the last of them. */
const TURN_MS = 10;
/**
 * The longest time without starts while connections arrive. A turn of the event loop accepts one connection, so that
 * hundreds of them are accepted late if each turn also starts requests, or handles what userstore answers to those that
 * have started. If connections arrive all the time, requests start after the shorter time.
 */
const ACCEPTING_MS = { short: 20, long: 100 };
/** The credit for long times without starts. Each millisecond restores a third of one. */
const CREDIT_MS = 500;
const CREDIT_PER_MS = 1 / 3;
/** Turns after an accepted connection in which the next one is expected. */
const EXPECTED_TURNS = 2;
const MAX_TOKENS = 10_000;

type Arrived = Parameters<RequestListener>;

/** The organizations of tokens that were accepted, by the digest of the header. */
const organizations = new LRUCache<string, string>({ max: MAX_TOKENS });
/** The header of the last authenticated request of each connection, which has been noted. */
const noted = new WeakMap<Socket, string>();

/** Notes that the token of a request is one of this organization: requests with it wait in the organization's line. */
export function noteOrganization(
  { socket, headers: { authorization = '' } }: Pick<IncomingMessage, 'socket' | 'headers'>,
  organizationId: string,
): void {
  if (noted.get(socket) === authorization) return;
  noted.set(socket, authorization);
  organizations.set(digestOf(authorization), organizationId);
}

/** A listener of requests that is told of connections, too. */
export type StartLine = RequestListener & { accepted: () => void };

/**
 * Returns a listener that starts each request at once, or after those that its client's turn allows. `now` is in
 * milliseconds.
 */
export function startInTurns(listener: RequestListener, now: () => number = () => performance.now()): StartLine {
  const lines = new Map<string, Set<Arrived>>();
  let spentMs = 0;
  let hasTurn = false;
  /** Turns for which the next connection is expected. */
  let expected = 0;
  let acceptingSince = 0;
  /** The rest of the credit, as of `creditAt`. */
  let credit = CREDIT_MS;
  let creditAt = 0;
  /** Whether nothing starts at present because connections arrive. */
  let isHeld = false;

  const start = (arrived: Arrived) => {
    const from = now();
    listener(...arrived);
    spentMs += now() - from;
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
  const beginTurn = () => {
    if (hasTurn) return;
    hasTurn = true;
    setImmediate(endTurn);
  };
  const endTurn = () => {
    if (expected > 0) expected--;
    hasTurn = lines.size > 0 || expected > 0;
    spentMs = 0;
    const wasHeld = isHeld;
    isHeld = expected > 0 && mayHold(now());
    if (wasHeld && !isHeld) credit = Math.max(0, credit - (now() - acceptingSince));
    if (!hasTurn) return;
    setImmediate(endTurn);
    if (isHeld) return;
    startNext();
    acceptingSince = now();
  };
  /** Whether the time without starts may go on. */
  const mayHold = (time: number): boolean => {
    credit = Math.min(CREDIT_MS, credit + (time - creditAt) * CREDIT_PER_MS);
    creditAt = time;
    return time - acceptingSince < Math.min(ACCEPTING_MS.long, Math.max(ACCEPTING_MS.short, credit));
  };

  const arrive = (...arrived: Arrived) => {
    beginTurn();
    if (lines.size === 0 && expected === 0 && spentMs <= TURN_MS) start(arrived);
    else wait(lines, arrived);
  };
  const accepted = () => {
    if (expected === 0 && lines.size === 0) acceptingSince = now();
    expected = EXPECTED_TURNS;
    beginTurn();
  };
  return Object.assign(arrive, { accepted });
}

/** Returns the first element of a set that has one. */
const first = <T>(set: Set<T>): T => set.values().next().value as T;

function wait(lines: Map<string, Set<Arrived>>, arrived: Arrived): void {
  const [{ socket, headers }] = arrived;
  const organization = headers.authorization && organizations.get(digestOf(headers.authorization));
  const client = organization || networkOf(socket.remoteAddress);
  const line = lines.get(client);
  if (line) line.add(arrived);
  else lines.set(client, new Set([arrived]));
}

const digestOf = (header: string) => createHash('sha256').update(header).digest('base64');
