/**
 * The process of a day's load: on a message it sends requests at a fixed rate, whatever the answers do (open loop).
 * Latencies count from the time at which a request was due, so that a wait for a connection counts, too.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection, requestText } from '../connection.js';
import { KINDS, requestOf } from './requests.js';
import type { DayWorld } from './world.js';

/** A round of load. `first` is the number of the first request. */
export interface DayRound {
  port: number;
  first: number;
  perSecond: number;
  seconds: number;
}

/** The result: milliseconds by kind, in the order of KINDS, and what failed, by reason. */
export interface DayOutcome {
  latencies: number[][];
  failures: Map<string, number>;
  /** The longest time in milliseconds by which a request was sent too late, because this process was busy. */
  late: number;
}

/** More requests than this at a time wait for a connection: the edge's own limit would answer 503. */
const MAX_CONNECTIONS = 1500;

const world = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as DayWorld;
type Connection = ReturnType<typeof openConnection>;

process.on('message', (round: DayRound) => void run(round).then((outcome) => process.send?.(outcome)));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run({ port, first, perSecond, seconds }: DayRound): Promise<DayOutcome> {
  const outcome: DayOutcome = { latencies: KINDS.map(() => []), failures: new Map(), late: 0 };
  // Their texts are ready before the load begins.
  const requests = Array.from({ length: perSecond * seconds }, (_, index) => {
    const { organization, method, path, body, status, kind } = requestOf(first + index, world);
    const authorization = `apikey ${organization.secret}`;
    const whole = `/${organization.id}/scim/v2${path}`;
    return { text: requestText(port, { method, path: whole, authorization, body }), status, kind };
  });
  const pool = createPool(port);
  const start = performance.now();
  const asked: Promise<void>[] = [];
  for (const [index, { text, status, kind }] of requests.entries()) {
    const due = start + (1000 * index) / perSecond;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    else outcome.late = Math.max(outcome.late, -early);
    const failed = (reason: string) => void outcome.failures.set(reason, (outcome.failures.get(reason) ?? 0) + 1);
    asked.push(
      pool.exchange(text).then(
        (answer) => {
          outcome.latencies[kind]?.push(performance.now() - due);
          if (answer.status !== status) failed(`status ${answer.status}`);
        },
        (error: unknown) => failed(error instanceof Error ? error.message : String(error)),
      ),
    );
  }
  await Promise.all(asked);
  pool.close();
  return outcome;
}

/** Creates connections that requests use in turn; a request waits if all are in use. */
function createPool(port: number) {
  const all: Connection[] = [];
  const free: Connection[] = [];
  const waiting: ((connection: Connection) => void)[] = [];
  const take = (): Promise<Connection> | Connection => {
    const connection = free.pop();
    if (connection) return connection;
    if (all.length === MAX_CONNECTIONS) return new Promise((resolve) => waiting.push(resolve));
    const opened = openConnection(port);
    all.push(opened);
    return opened;
  };
  const exchange = async (text: string) => {
    const connection = await take();
    try {
      return await connection.exchange(text);
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      const next = waiting.shift();
      if (next) next(connection);
      else free.push(connection);
    }
  };
  const close = () => {
    for (const connection of all) connection.close();
  };
  return { exchange, close };
}
