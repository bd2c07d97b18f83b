/** Many clients add members to one group at once and remove them again. No change may be lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PATCH_OP } from './schemas.js';
import type { Tenant } from './world.js';

const CLIENTS = 50;
const PARALLEL = 50;
/** Attempts of a client at one PATCH. */
const MAX_ATTEMPTS = 100;

/**
 * Adds CLIENTS × PARALLEL users, one per PATCH, all at once, then removes them. Returns rows of a table. Throws an
 * Error on a wrong result.
 */
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
    let retries = 0;
    const change = async (userId: string) => {
      const schemas = [PATCH_OP];
      const body = JSON.stringify({ schemas, Operations: [operationOf(userId)] });
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        // A new signal per request, because thousands of listeners on one signal are slow.
        const response = await fetch(url, { method: 'PATCH', headers, body, signal: AbortSignal.any([signal]) });
        await response.text();
        if (response.status === 200) return;
        if (response.status !== 503 && response.status !== 429) throw new Error(`${verb}: ${response.status}`);
        retries++;
        await sleep(Number(response.headers.get('retry-after')) * 1000);
      }
      throw new Error(`${verb}: refused ${MAX_ATTEMPTS} times`);
    };
    const start = performance.now();
    await Promise.all(users.map(change));
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const members = await count();
    if (members !== expected) throw new Error(`${verb}: ${members} members instead of ${expected}`);
    rows.push([verb, String(users.length), seconds, String(retries), String(members)]);
  }
  return rows;
}
