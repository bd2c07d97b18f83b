/**
 * The client of another organization, as a separate process: sends the same GET at a steady pace, independent of the
 * answers, from a `Watch` message until the message 'stop', and then reports.
 */
import { Agent, request } from 'node:http';

/** The request, and how often. */
export interface Watch {
  port: number;
  path: string;
  authorization: string;
  everyMs: number;
  /** Opens a connection for each request, as a new client does. */
  isNewClient: boolean;
}

/** The waits of all requests in milliseconds, and the number of answers by status; 0: none until 2 s after the end. */
export interface Waits {
  waits: number[];
  statuses: Record<number, number>;
}

const ANSWER_MS = 20_000;
/** Time for the last answers once the watch ends. */
const LAST_MS = 2000;

let end: (() => void) | undefined;
process.on('message', (message: Watch | 'stop') => {
  if (message === 'stop') end?.();
  else end = watch(message);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

function watch({ everyMs, ...asked }: Watch): () => void {
  const agent = new Agent({ keepAlive: !asked.isNewClient });
  const outcome: Waits = { waits: [], statuses: {} };
  const pending = new Set<() => void>();
  const ask = () => {
    const start = performance.now();
    const done = (status: number) => {
      if (!pending.delete(giveUp)) return;
      outcome.waits.push(performance.now() - start);
      outcome.statuses[status] = (outcome.statuses[status] ?? 0) + 1;
    };
    const giveUp = () => {
      done(0);
      sent.destroy();
    };
    pending.add(giveUp);
    const headers = { Authorization: asked.authorization, Accept: 'application/scim+json' };
    const options = { host: '127.0.0.1', port: asked.port, path: asked.path, headers, agent, timeout: ANSWER_MS };
    const sent = request(options, (response) => {
      response.resume().on('close', () => done(response.complete ? (response.statusCode ?? 0) : 0));
    });
    sent.on('timeout', giveUp);
    sent.on('error', () => done(0));
    sent.end();
  };
  const timer = setInterval(ask, everyMs);
  return () => {
    clearInterval(timer);
    const report = () => {
      clearInterval(looking);
      clearTimeout(last);
      for (const giveUp of [...pending]) giveUp();
      agent.destroy();
      process.send?.(outcome);
    };
    const looking = setInterval(() => pending.size === 0 && report(), 10);
    const last = setTimeout(report, LAST_MS);
  };
}
