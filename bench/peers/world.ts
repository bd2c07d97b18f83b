/** Fills a peer with users and groups through its SCIM interface. */
import { person } from '../operations.js';
import { GROUP, PATCH_OP } from '../schemas.js';
import type { PeerWorld } from './operations.js';
import type { RunningPeer } from './peer.js';

const SEEDERS = 8;
const ANSWER_MS = 60_000;

/** Creates users. */
export async function fill(peer: RunningPeer, count: number, signal: AbortSignal): Promise<PeerWorld> {
  const world: PeerWorld = { users: [], created: [], groupId: '' };
  let next = 0;
  const seed = async () => {
    while (next < count) {
      const index = next++;
      const body = person(index) as { userName: string };
      world.users[index] = { id: await create(peer, '/Users', body, signal), userName: body.userName };
    }
  };
  await Promise.all(Array.from({ length: SEEDERS }, seed));
  return world;
}

/** Creates a group of these members. Returns its id. */
export async function createGroup(peer: RunningPeer, displayName: string, ids: string[], signal: AbortSignal) {
  const members = ids.map((value) => ({ value }));
  const schemas = [GROUP];
  // Keycloak takes members only by PATCH.
  const id = await create(peer, '/Groups', { schemas, displayName }, signal);
  const add = { schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'members', value: members }] };
  await ask(peer, 'PATCH', `/Groups/${id}`, add, signal);
  return id;
}

async function create(peer: RunningPeer, path: string, body: object, signal: AbortSignal): Promise<string> {
  return (JSON.parse(await ask(peer, 'POST', path, body, signal)) as { id: string }).id;
}

async function ask(peer: RunningPeer, method: string, path: string, body: object, signal: AbortSignal) {
  const response = await fetch(`http://127.0.0.1:${peer.port}${peer.base}${path}`, {
    method,
    headers: { Authorization: peer.authorization, 'Content-Type': 'application/scim+json' },
    body: JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return text;
}
