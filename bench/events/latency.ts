/** The time from the acknowledgement of a change by one userstore to its event at a watcher of the other. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WATCH_EVENTS } from '../../client/contract.js';
import { openTransport } from '../../client/transport.js';
import { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { type Keep, type Setting, TOKENS } from '../chains.js';
import { table } from '../report.js';
import { change, createPeople, type Deployment, type Person, startUserstores } from './deployment.js';
import { startReplicaSet } from './replica-set.js';

const PER_SECOND = 200;
const WARM_UP_SECONDS = 3;
/** Longest wait for the last events. */
const LAST_MS = 10_000;

/** The milliseconds from a call to its answer, and from the answer to the event. */
interface Times {
  answerMs: number;
  eventMs: number;
}

interface Watched extends Deployment {
  people: Person[];
  /** The times at which events arrived, by their ids. */
  seen: Map<string, number>;
}

/** Alternates rounds on a single server, where userstores poll, and on a replica set of one, with change streams. */
export async function measureLatency(
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<string> {
  const folder = join(setting.folder, 'latency');
  await mkdir(folder);
  const set = await startReplicaSet(folder, 1, setting.signal);
  keep(set.stop);
  const deployments = [
    { name: 'polling (a single server)', uri: `${mongodbUri}-latency`, times: [] as Times[] },
    { name: 'change streams (a replica set of one)', uri: set.uri('latency'), times: [] as Times[] },
  ];
  const watched = await Promise.all(deployments.map(({ uri }) => startWatched(uri, setting, keep)));
  for (const one of watched) await round(one, WARM_UP_SECONDS);
  for (let count = 0; count < rounds; count++) {
    for (const [index, { times }] of deployments.entries()) {
      times.push(...(await round(watched[index] as Watched, seconds)));
      setting.signal.throwIfAborted();
    }
  }
  const rows = deployments.map(({ name, times }) => [
    name,
    String(times.length),
    ...quantiles(times.map(({ answerMs }) => answerMs)),
    ...quantiles(times.map(({ eventMs }) => eventMs)),
  ]);
  const head = ['milliseconds', 'changes', 'answer p50', 'p99', 'then event p50', 'p99'];
  return `${PER_SECOND} changes a second at one userstore, a watcher at the other. The event is measured from the
answer; on a busy machine it can come before the answer is read:\n\n${table([head, ...rows])}`;
}

function quantiles(values: number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.5, 0.99].map((share) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0));
}

async function startWatched(uri: string, setting: Setting, keep: Keep): Promise<Watched> {
  const deployment = await startUserstores(uri, setting, keep);
  const people = await createPeople(deployment, 1);
  const seen = new Map<string, number>();
  const transport = openTransport({ address: deployment.addresses[1] ?? '', token: TOKENS.admin });
  const ending = new AbortController();
  const watching = (async () => {
    const request = WatchEventsRequest.fromPartial({});
    for await (const { events } of transport.stream(WATCH_EVENTS, request, ending.signal)) {
      for (const { id } of events) seen.set(id, performance.now());
    }
  })();
  keep(async () => {
    ending.abort();
    await watching;
    transport.close();
  });
  return { ...deployment, people, seen };
}

/** Makes changes at a fixed rate, whatever their answers take. */
async function round({ stores, people, seen }: Watched, seconds: number): Promise<Times[]> {
  const [store] = stores;
  const acknowledged = new Map<string, { time: number; answerMs: number }>();
  const start = performance.now();
  const calls: Promise<void>[] = [];
  for (let count = 0; count < PER_SECOND * seconds; count++) {
    const early = start + (1000 * count) / PER_SECOND - performance.now();
    if (early > 1) await sleep(early);
    const person = people[count % people.length] as Person;
    if (!store) continue;
    const sent = performance.now();
    const note = (id: string) => {
      const time = performance.now();
      acknowledged.set(id, { time, answerMs: time - sent });
    };
    calls.push(change(store, person).then(note));
  }
  await Promise.all(calls);
  const giveUp = performance.now() + LAST_MS;
  while ([...acknowledged.keys()].some((id) => !seen.has(id))) {
    if (performance.now() > giveUp) throw new Error('some events have not arrived within ten seconds');
    await sleep(50);
  }
  return [...acknowledged].map(([id, { time, answerMs }]) => ({ answerMs, eventMs: (seen.get(id) ?? 0) - time }));
}
