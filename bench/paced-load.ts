/**
 * The process of a load at a fixed rate: on a message it sends requests regardless of the answers (open loop), if it
 * has a free connection, and reports the result. Latencies count from the time at which a request was due. The argument
 * "nice" gives it a low priority, as if on another machine.
 */
import { Agent, request } from 'node:http';
import { getPriority, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request. `path` is the whole path. */
export interface PacedRequest {
  method: string;
  path: string;
  body?: string;
}

/** A round of load, which sends its requests in turn. */
export interface PacedRound {
  port: number;
  requests: PacedRequest[];
  authorization: string;
  perSecond: number;
  seconds: number;
  /** The most connections; without a bound they would meet other limits of the edge. */
  connections: number;
}

/** The result: latencies by status (0: no answer), and the number of requests without a free connection. */
export interface PacedOutcome {
  answers: Record<number, number[]>;
  unsent: number;
}

const ANSWER_MS = 20_000;
const agent = new Agent({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY });
let busy = 0;

if (process.argv.includes('nice')) setPriority(Math.min(19, getPriority() + 10));

process.on('message', (round: PacedRound) => void run(round).then((outcome) => process.send?.(outcome)));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run(round: PacedRound): Promise<PacedOutcome> {
  const outcome: PacedOutcome = { answers: {}, unsent: 0 };
  const start = performance.now();
  const total = round.perSecond * round.seconds;
  const requests: Promise<void>[] = [];
  for (let number = 0; number < total; number++) {
    const due = start + (1000 * number) / round.perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    if (busy >= round.connections) {
      outcome.unsent++;
      continue;
    }
    busy++;
    requests.push(
      ask(round, round.requests[number % round.requests.length] as PacedRequest).then((status) => {
        busy--;
        outcome.answers[status] ??= [];
        outcome.answers[status].push(performance.now() - due);
      }),
    );
  }
  await Promise.all(requests);
  return outcome;
}

/** Sends one request. Resolves with the status of the complete answer; 0 if there is none. */
function ask({ port, authorization }: PacedRound, { method, path, body }: PacedRequest): Promise<number> {
  return new Promise((resolve) => {
    const type = body === undefined ? {} : { 'Content-Type': 'application/scim+json' };
    const headers = { Authorization: authorization, Accept: 'application/scim+json', ...type };
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 0));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}
