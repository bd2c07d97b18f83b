/** Many clients who add members to one group at once, and remove them again: nobody may be lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tenant } from './world.js';

const CLIENTS = 50;
const PARALLEL = 50;
/** A client gives up after so many answers that say so. */
const MOST_TRIES = 100;

/** Adds CLIENTS × PARALLEL users, one in a PATCH, all at once, then removes them so; gives how long, or throws. */
export async function stormGroup(
  port: number,
  { organizationId, secret }: Tenant,
  groupId: string,
  userIds: string[],
  signal: AbortSignal,
): Promise<string[][]> {
  const url = `http://127.0.0.1:${port}/${organizationId}/scim/v2/Groups/${groupId}`;
  const headers = { Authorization: `apikey ${secret}`, 'Content-Type': 'application/scim+json' };
  const users = userIds.slice(0, CLIENTS * PARALLEL);
  const count = async () => {
    const { members } = (await (await fetch(url, { headers, signal })).json()) as { members: { value: string }[] };
    return members.filter(({ value }) => users.includes(value)).length;
  };
  const rows: string[][] = [];
  for (const [verb, operationOf, expected] of [
    ['add', (value: string) => ({ op: 'add', path: 'members', value: [{ value }] }), users.length],
    ['remove', (value: string) => ({ op: 'remove', path: `members[value eq "${value}"]` }), 0],
  ] as const) {
    let repeated = 0;
    const change = async (userId: string) => {
      const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
      const body = JSON.stringify({ schemas, Operations: [operationOf(userId)] });
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        // A signal of its own: thousands of listeners on one would slow each other.
        const response = await fetch(url, { method: 'PATCH', headers, body, signal: AbortSignal.any([signal]) });
        await response.text();
        if (response.status === 200) return;
        if (response.status !== 503 && response.status !== 429) throw new Error(`${verb}: ${response.status}`);
        repeated++;
        await sleep(Number(response.headers.get('retry-after')) * 1000);
      }
      throw new Error(`${verb}: told to come back ${MOST_TRIES} times`);
    };
    const start = performance.now();
    await Promise.all(users.map(change));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const left = await count();
    if (left !== expected) throw new Error(`${verb}: ${left} members instead of ${expected}`);
    rows.push([verb, String(users.length), seconds, String(repeated), String(left)]);
  }
  return rows;
}
