/**
 * The check of the client's mirror: writers make random changes of users, while connections are cut, userstores are killed,
 * and one of the mirrors is restarted from its file. At the end each mirror has what ListUsers returns, and so has the
 * listener that only heard of changes.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Userstore } from '../../client/connect.js';
import type { Mirror, Mirrored, MirroredField, MirrorOptions } from '../../client/mirror.js';
import { fileStore } from '../../client/mirror-store.js';
import { cuttable } from '../harness/cuttable.js';
import { SERVICE_TOKENS, startUserstore } from '../harness/processes.js';
import { actor, eventually } from '../harness/userstore.js';

const WRITERS = 8;
const USERS = 60;
const FIELDS = ['userName', 'active', 'title'] as const;
const RESTARTS = 3;
const SETTLED_MS = 90_000;

/** The events of the check. */
export interface MirrorCheckOptions {
  mongodbUri: string;
  /** Acknowledged changes. */
  changes: number;
  cuts: number;
  kills: number;
  report?: (line: string) => void;
}

/** The result; without faults the mirrors are right. */
export interface MirrorChecked {
  acknowledged: number;
  failures: number;
  users: number;
  faults: string[];
}

/** Runs the check on two userstores that it starts and stops. Throws an Error if a mirror is not right in time. */
export async function checkMirror(options: MirrorCheckOptions): Promise<MirrorChecked> {
  const { changes, cuts, kills, report = () => undefined } = options;
  const stores = await Promise.all([startUserstore(options.mongodbUri), startUserstore(options.mongodbUri)]);
  const ways = await Promise.all(stores.map(({ address }) => cuttable(address)));
  const admin = connect({ address: stores.map(({ address }) => address).join(','), token: SERVICE_TOKENS.admin });
  const reader = connect({ address: ways.map(({ address }) => address).join(','), token: SERVICE_TOKENS.reader });
  const folder = await mkdtemp(join(tmpdir(), 'mirror-'));
  try {
    const { organization } = await admin.organizations.create({ actor: actor(), displayName: 'Oak Street' });
    const organizationId = organization?.id ?? '';
    const writers = createWriters(admin, organizationId, changes);
    const whole = watched(reader, { organizationId });
    const partial = { organizationId, fields: FIELDS, store: fileStore(join(folder, 'users.jsonl')) };
    const heard = new Map<string, unknown>();
    let kept = watched(reader, partial, heard);
    const writing = writers.run();
    const at = (count: number, of: number) => (changes * (count + 1)) / (of + 1);
    const happen = async (count: number, what: (index: number) => Promise<void> | void) => {
      for (let index = 0; index < count; index++) {
        while (writers.acknowledged() < at(index, count)) await sleep(20);
        await what(index);
      }
    };
    await Promise.all([
      writing,
      happen(cuts, () => {
        for (const way of ways) way.cut();
      }),
      happen(kills, async (index) => {
        const { userstore } = stores[index % 2] as (typeof stores)[0];
        await userstore.stop('SIGKILL');
        await userstore.start();
        report(`kill ${index + 1} of ${kills} after ${writers.acknowledged()} changes`);
      }),
      happen(RESTARTS, async () => {
        await kept.close();
        kept = watched(reader, partial, heard);
      }),
    ]);
    const users = await admin.users.list({ organizationId }).all();
    const wanted = users.map(({ groups: _, managerDisplayName: __, ...user }) => user);
    const picked = wanted.map(({ id, etag, userName, active, title }) => ({ id, etag, userName, active, title }));
    const faults = [
      ...(await differing('the mirror of all fields', () => whole.users(), wanted)),
      ...(await differing('the mirror with a file', () => kept.users(), picked)),
      ...(await differing('the listener', () => heard.values(), picked)),
    ];
    await Promise.all([whole.close(), kept.close()]);
    return { acknowledged: writers.acknowledged(), failures: writers.failures(), users: users.length, faults };
  } finally {
    admin.close();
    reader.close();
    for (const way of ways) way.stop();
    await Promise.all(stores.map(({ userstore }) => userstore.stop('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a mirror; `heard` gets what its listener hears. */
function watched<Field extends MirroredField>(
  reader: Userstore,
  options: MirrorOptions<Field>,
  heard?: Map<string, unknown>,
): Mirror<Field> {
  const onChange = ({ before, after }: { before?: Mirrored<Field>; after?: Mirrored<Field> }) => {
    if (after) heard?.set(after.id, after);
    else heard?.delete(before?.id ?? '');
  };
  return reader.mirror({ ...options, onChange: onChange as NonNullable<typeof options.onChange> });
}

/** Returns a fault if the users are not these within SETTLED_MS. */
async function differing(what: string, users: () => Iterable<unknown>, wanted: object[]): Promise<string[]> {
  const sorted = (all: Iterable<unknown>) =>
    [...all].map((user) => JSON.stringify(user, order)).toSorted((a, b) => a.localeCompare(b));
  const expected = sorted(wanted);
  const isEqual = async () => sorted(users()).join('\n') === expected.join('\n');
  try {
    await eventually(what, isEqual, SETTLED_MS);
    return [];
  } catch {
    const seen = new Set(sorted(users()));
    const missing = expected.filter((user) => !seen.has(user));
    return [`${what} has ${seen.size} of ${expected.length} users; it lacks ${missing.slice(0, 3).join(', ')}`];
  }
}

/** Sorts the names in JSON, so that texts of equal values are equal. */
const order = (_: string, value: unknown) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => a.localeCompare(b)))
    : value;

/** Creates writers that make random changes until `changes` are acknowledged; one that fails may or may not have happened. */
function createWriters(admin: Userstore, organizationId: string, changes: number) {
  const ids: string[] = [];
  let [acknowledged, failures] = [0, 0];
  const create = async () => {
    const name = `${randomUUID()}@oakstreet.example`;
    const user = { userName: name, active: true, emails: [{ value: name, type: 'work', primary: true }] };
    const created = await admin.users.create({ organizationId, actor: actor(), user });
    if (created.user) ids.push(created.user.id);
  };
  const changeOne = async (userId: string) => {
    const key = { organizationId, userId, actor: actor() };
    switch (randomInt(8)) {
      case 0:
        ids.splice(ids.indexOf(userId), 1);
        return await admin.users.delete(key);
      case 1:
        return await admin.sessions.lockUser({ ...key, reason: 'lost laptop' });
      case 2:
        return await admin.sessions.unlockUser(key);
      case 3:
      case 4:
        return await admin.users.update({ ...key, user: { active: randomInt(2) === 0 }, updateMask: ['active'] });
      default:
        return await admin.users.update({ ...key, user: { title: `title ${randomInt(1e9)}` }, updateMask: ['title'] });
    }
  };
  const write = async () => {
    while (acknowledged < changes) {
      const userId = ids[randomInt(Math.max(1, ids.length))];
      try {
        await (userId === undefined || ids.length < USERS ? create() : changeOne(userId));
        acknowledged++;
      } catch {
        failures++;
        await sleep(20);
      }
    }
  };
  return {
    run: () => Promise.all(Array.from({ length: WRITERS }, write)),
    acknowledged: () => acknowledged,
    failures: () => failures,
  };
}
