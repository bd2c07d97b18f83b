/**
 * The load process: on a message it keeps every connection busy for a round (closed loop: the next request follows the
 * answer) and reports the result.
 */
import { openConnection, requestText } from './connection.js';
import { type Operation, requestOf } from './operations.js';
import { readWorld } from './world.js';

/** A round of load. `first` is the number of the first request. */
export interface Round {
  port: number;
  operation: Operation;
  first: number;
  seconds: number;
  connections: number;
}

/** The result of a round, with latencies in milliseconds. `failure` is the first unexpected answer. */
export type Outcome = { next: number; seconds: number; latencies: number[] } | { failure: string };

const world = await readWorld();
process.on('message', (round: Round) => {
  run(round).then(
    (outcome) => process.send?.(outcome satisfies Outcome),
    (error: unknown) => process.send?.({ failure: String(error) } satisfies Outcome),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run({ port, operation, first, seconds, connections }: Round): Promise<Outcome> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let next = first;

  const drive = async () => {
    const { exchange, close } = openConnection(port);
    try {
      while (performance.now() < end) {
        const { tenant, method, path, body, status } = requestOf(operation, next++, world);
        const [whole, authorization] = [`/${tenant.organizationId}/scim/v2${path}`, `apikey ${tenant.secret}`];
        const sent = performance.now();
        const answer = await exchange(requestText(port, { method, path: whole, authorization, body }));
        latencies.push(performance.now() - sent);
        if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.text().slice(0, 1000)}`);
      }
    } finally {
      close();
    }
  };
  await Promise.all(Array.from({ length: connections }, drive));
  return { next, seconds: (performance.now() - start) / 1000, latencies };
}
