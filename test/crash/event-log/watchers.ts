/** Watchers that keep a mirror by the stream of events: a slow one, one that reconnects at random, one that lists first. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchEventsRequest } from '../../../proto/gen/userstore/v1/event_service.js';
import { organizationOf } from '../../harness/groups.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import { type UserstoreClient, userstoreClient } from '../../harness/userstore.js';
import type { Mirror } from './mirror.js';
import { anyOf } from './writers.js';

const PAUSE_AFTER_FAILURE_MS = 50;
const RECONNECT_MS = [50, 800] as const;
const LONG_MS = 60_000;

/** A watcher's habits. */
export interface Watcher {
  mirror: Mirror;
  /** The longest pause after a message. */
  pauseMs?: number;
  reconnects?: boolean;
}

/** Watches an organization at any of these userstores until `isOver`, going on at the checkpoint. */
export async function watch(
  addresses: readonly string[],
  organizationId: string,
  { mirror, pauseMs = 0, reconnects = false }: Watcher,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const client = userstoreClient(anyOf(addresses), SERVICE_TOKENS.reader);
    const start = mirror.checkpoint === undefined ? { startTime: new Date(0) } : { cursor: mirror.checkpoint };
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), reconnects ? randomInt(...RECONNECT_MS) : LONG_MS);
    const request = WatchEventsRequest.fromPartial({ organizationId, ...start });
    try {
      for await (const { events, checkpoint } of client.watchEvents(request, ending.signal)) {
        for (const event of events) mirror.apply(event);
        mirror.checkpoint = checkpoint;
        if (pauseMs > 0) await sleep(randomInt(pauseMs));
        if (isOver()) break;
      }
    } catch {
      await sleep(PAUSE_AFTER_FAILURE_MS);
    } finally {
      client.close();
      clearTimeout(timer);
    }
  }
}

/** Begins a mirror with lists: the events after their cursor make it current. Tries again at any userstore. */
export async function listInto(mirror: Mirror, addresses: readonly string[], organizationId: string): Promise<void> {
  for (;;) {
    const client = userstoreClient(anyOf(addresses), SERVICE_TOKENS.admin);
    try {
      await list(mirror, client, organizationId);
      return;
    } catch {
      mirror.users.clear();
      mirror.groups.clear();
      mirror.versions.clear();
      await sleep(PAUSE_AFTER_FAILURE_MS);
    } finally {
      client.close();
    }
  }
}

async function list(mirror: Mirror, client: UserstoreClient, organizationId: string): Promise<void> {
  const request = { organizationId, filter: undefined, order: undefined, skip: 0, pageSize: 200 };
  const versionIn = (etag: string) => Number(/\d+/.exec(etag)?.[0]);
  const { groups, eventCursor } = await client.listGroups(request);
  mirror.checkpoint = eventCursor;
  const organization = organizationOf(client, organizationId);
  for (const { id, displayName } of groups) {
    mirror.groups.set(id, { displayName, members: new Set(await organization.members(id)) });
  }
  const { users, nextPageToken } = await client.listUsers(request);
  if (nextPageToken !== undefined) throw new Error('the checker lists one page');
  for (const { id, title, active, etag } of users) {
    mirror.users.set(id, { title, active });
    mirror.versions.set(id, versionIn(etag));
  }
}
