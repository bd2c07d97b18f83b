/** The cost of the log's order: acknowledged changes a second with it, without it, and without a log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import type { Keep, Setting } from '../chains.js';
import { table } from '../report.js';
import { change, createPeople, type Deployment, type Person, startUserstores } from './deployment.js';

const WRITERS = [8, 32];
const ORGANIZATIONS = [1, 200];
/** Longest wait until all changes are in the log. */
const DRAIN_MS = 120_000;

const LOGS: { name: string; preload?: URL }[] = [
  { name: 'in order' },
  { name: 'without order', preload: new URL('./without-order.js', import.meta.url) },
  { name: 'no log', preload: new URL('./without-log.js', import.meta.url) },
];

/** The log of one kind, its users by the number of organizations, and what was measured by the name of the round. */
interface Variant extends Deployment {
  people: Map<number, Person[]>;
  users: mongo.Collection;
  measured: Map<string, { changes: number; seconds: number; drainMs: number }>;
}

/** Alternates rounds over the three kinds of log. Returns a table. */
export async function measureOrder(
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<string> {
  const client = await new mongo.MongoClient(mongodbUri).connect();
  keep(() => client.close());
  const variants: Variant[] = [];
  for (const [index, { preload }] of LOGS.entries()) {
    const uri = `${mongodbUri}-order${index}`;
    const deployment = await startUserstores(uri, setting, keep, preload);
    const people = new Map<number, Person[]>();
    for (const count of ORGANIZATIONS) people.set(count, await createPeople(deployment, count));
    const users = client.db(new URL(uri).pathname.slice(1)).collection('users');
    variants.push({ ...deployment, people, users, measured: new Map() });
  }
  for (const variant of variants) await round(variant, 8, 1, 2);
  for (const variant of variants) variant.measured.clear();
  for (let count = 0; count < rounds; count++) {
    for (const writers of WRITERS) {
      for (const organizations of ORGANIZATIONS) {
        for (const variant of variants) await round(variant, writers, organizations, seconds);
        setting.signal.throwIfAborted();
      }
    }
  }
  const head = [
    'writers, organizations',
    ...LOGS.map(({ name }) => `${name}, /s`),
    'to no order, %',
    'to no log, %',
    'last event, ms',
  ];
  const rows = [...(variants[0]?.measured.keys() ?? [])].map((name) => {
    const all = variants.map(({ measured }) => measured.get(name) ?? { changes: 0, seconds: 1, drainMs: 0 });
    const [ordered = 0, unordered = 1, none = 1] = all.map((one) => one.changes / one.seconds);
    const percent = (of: number) => ((100 * ordered) / of).toFixed(0);
    return [
      name,
      ...[ordered, unordered, none].map((rate) => rate.toFixed(0)),
      percent(unordered),
      percent(none),
      ((all[0]?.drainMs ?? 0) / rounds).toFixed(0),
    ];
  });
  return `Acknowledged changes a second over two userstores; the last event is in the log after the last answer:\n\n${table([head, ...rows])}`;
}

/** Keeps writers busy for a round; then waits until the outboxes are empty, for the next round. */
async function round(variant: Variant, writers: number, organizations: number, seconds: number): Promise<void> {
  const { stores, people, users, measured } = variant;
  const own = people.get(organizations) ?? [];
  const start = performance.now();
  let changes = 0;
  const write = async (writer: number) => {
    const store = stores[writer % stores.length];
    for (let next = writer; store && performance.now() - start < seconds * 1000; next += writers) {
      await change(store, own[next % own.length] as Person);
      changes++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const end = performance.now();
  while ((await users.countDocuments({ 'unmoved.version': { $gt: 0 } }, { hint: 'unmoved' })) > 0) {
    if (performance.now() - end > DRAIN_MS) throw new Error('the outboxes are not empty after two minutes');
    await sleep(20);
  }
  const name = `${writers}, ${organizations}`;
  const before = measured.get(name) ?? { changes: 0, seconds: 0, drainMs: 0 };
  measured.set(name, {
    changes: before.changes + changes,
    seconds: before.seconds + (end - start) / 1000,
    drainMs: before.drainMs + performance.now() - end,
  });
}
