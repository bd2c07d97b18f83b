/**
 * A load at a rate, a process of its own: told by message what to ask and how often, it asks so often whatever the answers
 * (open loop) as long as it has a connection free, and reports. The time of an answer counts from when its request was due.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What to do; `path` is the whole path. */
export interface PacedRound {
  port: number;
  path: string;
  authorization: string;
  perSecond: number;
  seconds: number;
}

/** What came of it: milliseconds by the status of the answers, 0 where there was none; how often no connection was free. */
export interface PacedOutcome {
  answers: Record<number, number[]>;
  unsent: number;
}

const ANSWER_MS = 20_000;
/** As many as a busy client has; a client that had no end of them would meet other limits. */
const MOST_CONNECTIONS = 128;
const agent = new Agent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
let busy = 0;

process.on('message', (round: PacedRound) => void run(round).then((outcome) => process.send?.(outcome)));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run(round: PacedRound): Promise<PacedOutcome> {
  const outcome: PacedOutcome = { answers: {}, unsent: 0 };
  const start = performance.now();
  const total = round.perSecond * round.seconds;
  const asked: Promise<void>[] = [];
  for (let number = 0; number < total; number++) {
    const due = start + (1000 * number) / round.perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    if (busy === MOST_CONNECTIONS) {
      outcome.unsent++;
      continue;
    }
    busy++;
    asked.push(
      ask(round).then((status) => {
        busy--;
        outcome.answers[status] ??= [];
        outcome.answers[status].push(performance.now() - due);
      }),
    );
  }
  await Promise.all(asked);
  return outcome;
}

/** Sends one request; gives the status of the answer when all of it is there, 0 where none came. */
function ask({ port, path, authorization }: PacedRound): Promise<number> {
  return new Promise((resolve) => {
    const headers = { Authorization: authorization, Accept: 'application/scim+json' };
    const sent = request({ host: '127.0.0.1', port, path, headers, agent, timeout: ANSWER_MS }, (response) => {
      response.resume().on('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 0));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(0));
    sent.end();
  });
}
