/**
 * The check of the event log: eight writers change users and groups through two edges over two userstores, watchers build
 * their state from events alone, and processes are killed meanwhile. At the end each watcher has what GET says, has seen
 * each version once and in order, and no acknowledged change is missing.
 */
import mongoose from 'mongoose';
import { createTenant } from '../../harness/organizations.js';
import { type Pair, startPair } from '../../harness/processes.js';
import { type Scim, scimClient } from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';
import { Mirror, ordered, type State } from './mirror.js';
import { listInto, watch } from './watchers.js';
import { Ledger, populate, write } from './writers.js';

const WRITERS = 8;
const USERS = 40;
const GROUPS = 4;
/** Changes that must be acknowledged between two kills: the deployment works again. */
const BETWEEN = 30;
const RECOVERY_MS = 90_000;
const SETTLED_MS = 60_000;
const SLOW_PAUSE_MS = 60;

/** A process to kill: `kill` ends it with SIGKILL and starts it again. */
export interface Victim {
  name: string;
  kill: () => Promise<void>;
}

/** The database, the number of kills, and the processes to kill besides the services. */
export interface CheckOptions {
  mongodbUri: string;
  kills: number;
  victims?: Victim[];
  report?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** The result; without faults the log is right. */
export interface Checked {
  kills: Record<string, number>;
  acknowledged: number;
  failures: number;
  events: number;
  faults: string[];
}

/** Runs the check on services that it starts and stops. Throws an Error if the deployment does not recover from a kill. */
export async function checkEventLog(options: CheckOptions): Promise<Checked> {
  const { mongodbUri, victims = [] } = options;
  const pairs = await Promise.all([startPair(mongodbUri), startPair(mongodbUri)]);
  const restart = (name: string, service: Pair['edge']): Victim => ({
    name,
    async kill() {
      await service.stop('SIGKILL');
      await service.start();
    },
  });
  const services = pairs.flatMap(({ userstore, edge }) => [restart('userstore', userstore), restart('edge', edge)]);
  const all = services.flatMap((service) => [service, ...victims]);
  try {
    return await run(pairs, { ...options, victims: all });
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
  }
}

async function run(pairs: Pair[], { mongodbUri, kills, victims = [], report, signal }: CheckOptions): Promise<Checked> {
  const [first] = pairs as [Pair];
  const { organizationId, scim, secret } = await createTenant(first);
  const edges = pairs.map(({ origin }) => scimClient(`${origin}/${organizationId}/scim/v2`, `apikey ${secret}`));
  const addresses = pairs.map(({ address }) => address);
  const ledger = new Ledger();
  await populate(scim, ledger, USERS, GROUPS);
  const [steady, slow, restless, late] = [new Mirror(), new Mirror(), new Mirror(), new Mirror(true)];
  let isOver = false;
  const begin = (watcher: Parameters<typeof watch>[2]) => watch(addresses, organizationId, watcher, () => isOver);
  const watching = [
    begin({ mirror: steady }),
    begin({ mirror: slow, pauseMs: SLOW_PAUSE_MS }),
    begin({ mirror: restless, reconnects: true }),
  ];
  const writing = Array.from({ length: WRITERS }, () => write(edges, ledger));
  const counts: Record<string, number> = {};
  try {
    await more(ledger, signal);
    watching.push(listInto(late, addresses, organizationId).then(() => begin({ mirror: late, reconnects: true })));
    for (let kill = 0; kill < kills; kill++) {
      const victim = victims[kill % victims.length] as Victim;
      await victim.kill();
      counts[victim.name] = (counts[victim.name] ?? 0) + 1;
      await more(ledger, signal);
      report?.(`kill ${kill + 1} of ${kills}: ${victim.name}; ${ledger.acknowledged} changes are acknowledged`);
    }
    ledger.isOpen = false;
    await Promise.all(writing);
    await resumeInterrupted(mongodbUri);
    const faults = await compare({ steady, slow, restless, late }, () => shown(scim), ledger);
    return { kills: counts, acknowledged: ledger.acknowledged, failures: ledger.failures, events: steady.size, faults };
  } finally {
    ledger.isOpen = false;
    isOver = true;
    // A stream ends with its userstore.
    await Promise.all([...writing, ...pairs.map(({ userstore }) => userstore.stop())]);
    await Promise.all(watching);
  }
}

/** Waits until more changes are acknowledged. */
async function more(ledger: Ledger, signal?: AbortSignal): Promise<void> {
  const enough = ledger.acknowledged + BETWEEN;
  const isEnough = async () => {
    signal?.throwIfAborted();
    return ledger.acknowledged >= enough;
  };
  await eventually(`${BETWEEN} more changes are acknowledged`, isEnough, RECOVERY_MS);
}

/** A change that a kill interrupted is recorded when userstore resumes it, after two and a half minutes: sooner here. */
async function resumeInterrupted(mongodbUri: string): Promise<void> {
  const database = await mongoose.createConnection(mongodbUri).asPromise();
  const groups = database.collection('groups');
  await groups.updateMany({ 'begun.time': { $exists: true } }, { $set: { 'begun.$[].time': new Date(0) } });
  const isResumed = async () => (await groups.countDocuments({ 'begun.0': { $exists: true } })) === 0;
  await eventually('interrupted changes are resumed', isResumed, SETTLED_MS);
  await database.close();
}

/** Returns the state as SCIM's GET shows it. */
async function shown(scim: Scim): Promise<State> {
  type Listed = { id: string; title?: string; active?: boolean; displayName?: string; members?: { value: string }[] };
  const all = async (type: string) => {
    const { body } = await scim('GET', `/${type}?startIndex=1&count=200`);
    const resources = body.Resources as Listed[];
    if (resources.length !== body.totalResults) throw new Error('the checker reads one page');
    return resources;
  };
  const users = (await all('Users')).map(({ id, title, active }) => ({ id, title, active }));
  const groups = await Promise.all(
    (await all('Groups')).map(async ({ id }) => {
      const { body } = await scim('GET', `/Groups/${id}`);
      const { displayName, members = [] } = body as Listed;
      return { id, displayName, members: members.map(({ value }) => value) };
    }),
  );
  return ordered({ users, groups });
}

/** Waits until each mirror is as GET shows; returns what is wrong. */
async function compare(mirrors: Record<string, Mirror>, get: () => Promise<State>, ledger: Ledger): Promise<string[]> {
  const expected = await get();
  const faults: string[] = [];
  for (const [name, mirror] of Object.entries(mirrors)) {
    const isEqual = async () => JSON.stringify(mirror.state()) === JSON.stringify(expected);
    const isSame = await eventually('equal', isEqual, SETTLED_MS).then(
      () => true,
      () => false,
    );
    if (!isSame) faults.push(`${name}: ${difference(mirror.state(), expected)}`);
    faults.push(...mirror.faults.map((fault) => `${name}: ${fault}`));
    if (name !== 'late') faults.push(...ledger.missingIn(mirror).map((lost) => `${name} lacks ${lost}`));
  }
  return faults;
}

/** Returns the first difference of two states as text. */
function difference(of: State, expected: State): string {
  for (const type of ['users', 'groups'] as const) {
    const ids = new Set([...of[type], ...expected[type]].map(({ id }) => id));
    for (const id of ids) {
      const [one, other] = [of[type].find((item) => item.id === id), expected[type].find((item) => item.id === id)];
      if (JSON.stringify(one) !== JSON.stringify(other)) {
        return `has ${JSON.stringify(one)} where GET shows ${JSON.stringify(other)}`;
      }
    }
  }
  return 'is in another order';
}
