/**
 * A checker of the event log: writers change users and groups over two userstores, watchers build their own state from
 * events alone, and userstores are killed. At the end each watcher has what a list says.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { watchEvents } from '../../client/stream.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { WatchEventsRequest } from '../../proto/gen/userstore/v1/event_service.js';
import { addMembers, organizationOf, removeMembers } from '../harness/groups.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const WRITERS = 8;
const WRITING_MS = 6000;
const KILLS = 4;
const USERS = 40;
const GROUPS = 4;

const byText = (a: string, b: string) => a.localeCompare(b);

/** The state that a watcher builds from events. */
class Mirror {
  readonly users = new Map<string, { version: number; title: string | undefined; active: boolean | undefined }>();
  readonly groups = new Map<string, { version: number; displayName: string | undefined; members: Set<string> }>();
  readonly seen = new Map<string, number>();
  readonly faults: string[] = [];
  checkpoint: string | undefined;
  /** Whether it began with a list, whose changes come again as events. */
  isListed = false;

  apply(event: Event): void {
    const { resourceId, resourceVersion, resourceType, resource } = event;
    const seen = this.seen.get(resourceId) ?? 0;
    if (resourceType === 'User' && resourceVersion <= seen && this.isListed) return;
    if (resourceVersion < seen && !this.isListed) this.faults.push(`${event.id} after a later version`);
    this.seen.set(resourceId, resourceVersion);
    if (resourceType === 'User') {
      if (resource?.$case !== 'user') this.users.delete(resourceId);
      else
        this.users.set(resourceId, {
          version: resourceVersion,
          title: resource.value.title,
          active: resource.value.active,
        });
      if (!resource) for (const { members } of this.groups.values()) members.delete(resourceId);
      return;
    }
    if (resource?.$case !== 'group') {
      this.groups.delete(resourceId);
      return;
    }
    const members = this.groups.get(resourceId)?.members ?? new Set<string>();
    for (const id of event.addedMemberIds) members.add(id);
    for (const id of event.removedMemberIds) members.delete(id);
    this.groups.set(resourceId, { version: resourceVersion, displayName: resource.value.displayName, members });
  }
}

describe('the event log while userstores are killed with kill -9', function () {
  this.timeout(120_000);
  let uri: string;
  let stores: { userstore: Service; address: string }[];
  let clients: UserstoreClient[];
  let organizationId: string;
  let isWriting = true;
  let isWatching = true;

  before(async () => {
    uri = testMongodbUri(`crash-events-${process.pid}`);
    stores = await Promise.all([startUserstore(uri), startUserstore(uri)]);
    clients = stores.map(({ address }) => userstoreClient(address, SERVICE_TOKENS.admin, 5000));
    const { organization } = await (clients[0] as UserstoreClient).createOrganization({
      actor: actor(),
      displayName: 'Oak Street',
    });
    organizationId = organization?.id ?? '';
  });
  after(async () => {
    isWriting = false;
    isWatching = false;
    for (const client of clients) client.close();
    await Promise.all(stores.map(({ userstore }) => userstore.stop('SIGKILL')));
    const database = await mongoose.createConnection(uri).asPromise();
    await database.dropDatabase();
    await database.close();
  });

  const anyOf = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

  /** Begins a mirror with lists; the events after their cursor make it current. */
  async function listed(mirror: Mirror, client: UserstoreClient): Promise<void> {
    const request = { organizationId, filter: undefined, order: undefined, skip: 0, pageSize: 200 };
    const one = organizationOf(client, organizationId);
    const { groups, eventCursor } = await client.listGroups(request);
    mirror.checkpoint = eventCursor;
    const versionIn = (etag: string) => Number(/\d+/.exec(etag)?.[0]);
    for (const { id, displayName, etag } of groups) {
      mirror.groups.set(id, { version: versionIn(etag), displayName, members: new Set(await one.members(id)) });
    }
    for (const { id, title, active, etag } of (await client.listUsers(request)).users) {
      mirror.users.set(id, { version: versionIn(etag), title, active });
      mirror.seen.set(id, versionIn(etag));
    }
  }

  /** Makes random changes; an error may or may not have changed something. */
  async function write(client: UserstoreClient, userIds: string[], groupIds: string[]): Promise<void> {
    const one = organizationOf(client, organizationId);
    while (isWriting) {
      const [userId, groupId] = [anyOf(userIds), anyOf(groupIds)];
      const some = Array.from({ length: 1 + randomInt(3) }, () => anyOf(userIds));
      const key = { organizationId, userId, actor: actor(), refuseUpdate: false, refuseDeactivate: false };
      const title = `title ${randomInt(1e9)}`;
      const changes = [
        () => client.updateUser({ ...key, user: { ...userNamed('x'), title }, updateMask: ['title'] }),
        () =>
          client.updateUser({
            ...key,
            user: { ...userNamed('x'), active: randomInt(2) === 0 },
            updateMask: ['active'],
          }),
        () => one.patch(groupId, addMembers(...some)),
        () => one.patch(groupId, removeMembers(...some)),
        () => one.patch(groupId, addMembers(...some)),
        () => client.deleteUser({ organizationId, userId, actor: actor() }),
      ];
      const weights = [0, 0, 1, 2, 3, 4, ...(randomInt(20) === 0 ? [5] : [])];
      await changes[anyOf(weights)]?.().catch(() => sleep(5));
    }
  }

  async function watch(mirror: Mirror, pause: () => number, reconnects: boolean): Promise<void> {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${SERVICE_TOKENS.reader}`);
    while (isWatching) {
      const target = { address: anyOf(stores).address, credentials: credentials.createInsecure(), options: {} };
      const filter = { organizationId };
      const start = mirror.checkpoint === undefined ? { startTime: new Date(0) } : { cursor: mirror.checkpoint };
      const ending = new AbortController();
      const timer = setTimeout(() => ending.abort(), reconnects ? randomInt(50, 800) : 60_000);
      const request = WatchEventsRequest.fromPartial({ ...filter, ...start });
      try {
        for await (const { events, checkpoint } of watchEvents(target, metadata, request, ending.signal)) {
          for (const event of events) mirror.apply(event);
          mirror.checkpoint = checkpoint;
          const ms = pause();
          if (ms > 0) await sleep(ms);
          if (!isWatching) break;
        }
      } catch {
        await sleep(50);
      } finally {
        clearTimeout(timer);
      }
    }
  }

  it('tells every watcher the state that a list shows, each version once and in order', async () => {
    const [first] = clients as [UserstoreClient];
    const one = organizationOf(first, organizationId);
    const userIds = await one.users(USERS);
    const groupIds = await Promise.all(Array.from({ length: GROUPS }, async () => (await one.group()).id));
    const mirrors = [new Mirror(), new Mirror(), new Mirror(), new Mirror()];
    const watching = [
      watch(mirrors[0] as Mirror, () => 0, false),
      watch(mirrors[1] as Mirror, () => randomInt(60), false),
      watch(mirrors[2] as Mirror, () => 0, true),
    ];
    const writing = Array.from({ length: WRITERS }, (_, index) =>
      write(clients[index % 2] as UserstoreClient, userIds, groupIds),
    );
    const late = mirrors[3] as Mirror;
    await sleep(500);
    late.isListed = true;
    await listed(late, first);
    watching.push(watch(late, () => 0, true));
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(WRITING_MS / KILLS);
      const killed = stores[kill % 2]?.userstore as Service;
      await killed.stop('SIGKILL');
      await killed.start();
    }
    isWriting = false;
    await Promise.all(writing);
    // A change that a kill interrupted is recorded when userstore resumes it, after two and a half minutes: sooner here.
    const database = await mongoose.createConnection(uri).asPromise();
    await database
      .collection('groups')
      .updateMany({ 'begun.time': { $exists: true } }, { $set: { 'begun.$[].time': new Date(0) } });
    await eventually(
      'interrupted changes are resumed',
      async () => (await database.collection('groups').countDocuments({ 'begun.0': { $exists: true } })) === 0,
      40_000,
    );
    await database.close();

    const expected = await stateOf(first);
    for (const [index, mirror] of mirrors.entries()) {
      await eventually(
        `watcher ${index} has the state of a list`,
        async () => JSON.stringify(stateIn(mirror)) === JSON.stringify(expected),
        20_000,
      ).catch(() => undefined);
      expect(stateIn(mirror)).to.deep.equal(expected);
      expect(mirror.faults).to.deep.equal([]);
    }
    isWatching = false;
    for (const client of clients) client.close();
    await Promise.all(stores.map(({ userstore }) => userstore.stop()));
    await Promise.all(watching);
  });

  async function stateOf(client: UserstoreClient) {
    const request = { organizationId, filter: undefined, order: undefined, skip: 0, pageSize: 200 };
    const { users } = await client.listUsers(request);
    const { groups } = await client.listGroups(request);
    const one = organizationOf(client, organizationId);
    const members = await Promise.all(
      groups.map(async ({ id }) => [id, (await one.members(id)).toSorted(byText)] as const),
    );
    return {
      users: users.map(({ id, title, active }) => ({ id, title, active })).toSorted((a, b) => a.id.localeCompare(b.id)),
      groups: members.toSorted(([a], [b]) => a.localeCompare(b)),
    };
  }

  const stateIn = ({ users, groups }: Mirror) => ({
    users: [...users]
      .map(([id, { title, active }]) => ({ id, title, active }))
      .toSorted((a, b) => a.id.localeCompare(b.id)),
    groups: [...groups]
      .map(([id, { members }]) => [id, [...members].filter((member) => users.has(member)).toSorted(byText)] as const)
      .toSorted(([a], [b]) => a.localeCompare(b)),
  });
});
