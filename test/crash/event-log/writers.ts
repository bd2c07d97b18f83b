/** Writers that change users and groups through edges at random, and note every change that is acknowledged. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, oktaUser, patchBody, type Scim } from '../../harness/scim.js';
import type { Mirror } from './mirror.js';

const PAUSE_AFTER_FAILURE_MS = 100;

/** An acknowledged change: the version of the answer, and the title if the change set one. */
interface Noted {
  id: string;
  version: number;
  title?: string;
}

export const anyOf = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

/** The users and groups that writers change, and what was acknowledged. */
export class Ledger {
  readonly userIds: string[] = [];
  readonly groupIds: string[] = [];
  readonly changes: Noted[] = [];
  readonly deleted: string[] = [];
  failures = 0;
  isOpen = true;

  get acknowledged(): number {
    return this.changes.length + this.deleted.length;
  }

  /** Returns the acknowledged changes that a mirror of all events lacks. */
  missingIn({ versions, titles, deleted }: Mirror): string[] {
    const lost = this.changes.filter(
      ({ id, version, title }) =>
        (versions.get(id) ?? 0) < version || (title !== undefined && titles.get(`${id}/${version}`) !== title),
    );
    return [
      ...lost.map(({ id, version }) => `${id}/${version}`),
      ...this.deleted.filter((id) => !deleted.has(id)).map((id) => `deletion of ${id}`),
    ];
  }
}

let count = 0;

/** Creates a user or group; undefined without an acknowledgement. */
async function create(scim: Scim, ledger: Ledger, type: 'Users' | 'Groups'): Promise<void> {
  const name = `${type} ${process.pid} ${count++}`;
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
  const body = type === 'Users' ? oktaUser(`${name}@oakstreet.example`) : { schemas, displayName: name };
  const answer = await scim('POST', `/${type}`, body);
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
  const { id } = answer.body as { id: string };
  (type === 'Users' ? ledger.userIds : ledger.groupIds).push(id);
  ledger.changes.push({ id, version: versionIn(answer) });
}

/** Creates the users and groups to begin with. */
export async function populate(scim: Scim, ledger: Ledger, users: number, groups: number): Promise<void> {
  await Promise.all(Array.from({ length: users }, () => create(scim, ledger, 'Users')));
  await Promise.all(Array.from({ length: groups }, () => create(scim, ledger, 'Groups')));
}

const versionIn = ({ headers }: Answer) => Number(/\d+/.exec(headers.get('etag') ?? '')?.[0]);

const patched = async (scim: Scim, ledger: Ledger, path: string, id: string, operation: object, title?: string) => {
  const answer = await scim('PATCH', `/${path}/${id}`, patchBody(operation));
  // Another writer may have deleted it.
  if (answer.status === 404) return;
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  ledger.changes.push({ id, version: versionIn(answer), ...(title === undefined ? {} : { title }) });
};

async function deleteUser(scim: Scim, ledger: Ledger, id: string): Promise<void> {
  const { status, text } = await scim('DELETE', `/Users/${id}`);
  if (status === 204) ledger.deleted.push(id);
  else if (status !== 404) throw new Error(`${status} ${text}`);
  const index = ledger.userIds.indexOf(id);
  if (index >= 0) ledger.userIds.splice(index, 1);
}

/** Makes random changes, through any of these edges, until the ledger is closed. An error may have changed something. */
export async function write(edges: readonly Scim[], ledger: Ledger): Promise<void> {
  while (ledger.isOpen) {
    const scim = anyOf(edges);
    const [userId, groupId] = [anyOf(ledger.userIds), anyOf(ledger.groupIds)];
    const members = Array.from({ length: 1 + randomInt(3) }, () => ({ value: anyOf(ledger.userIds) }));
    const title = `title ${count++}`;
    const set = (path: string, value: unknown) => ({ op: 'replace', path, value });
    const changes = [
      () => patched(scim, ledger, 'Users', userId, set('title', title), title),
      () => patched(scim, ledger, 'Users', userId, set('active', randomInt(2) === 0)),
      () => patched(scim, ledger, 'Groups', groupId, { op: 'add', path: 'members', value: members }),
      () => patched(scim, ledger, 'Groups', groupId, { op: 'remove', path: 'members', value: members }),
      () => patched(scim, ledger, 'Groups', groupId, set('displayName', title)),
      async () => {
        await deleteUser(scim, ledger, userId);
        await create(scim, ledger, 'Users');
      },
    ];
    const weights = [0, 0, 0, 1, 2, 2, 3, 4, ...(randomInt(10) === 0 ? [5] : [])];
    await changes[anyOf(weights)]?.().catch(async () => {
      ledger.failures++;
      await sleep(PAUSE_AFTER_FAILURE_MS);
    });
  }
}
