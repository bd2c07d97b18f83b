/** Usual requests, which services have served for a while before a load begins, so that V8 has compiled their code. */
import { createTenants, send } from '../chains.js';
import { person } from '../operations.js';
import { PATCH_OP } from '../schemas.js';
import type { Target } from './target.js';

const ROUNDS = 30;
const CLIENTS = 4;

/** Sends requests of each kind for a separate organization, and some that are refused. */
export async function warmUp(target: Target): Promise<void> {
  const [tenant] = await createTenants(target.address);
  const work = async (client: number) => {
    for (let round = 0; round < ROUNDS; round++) {
      const { userName } = person(client * ROUNDS + round) as { userName: string };
      const id = await target.createUser(tenant, { userName });
      const body = { schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { active: false } }] };
      const ask = (method: string, path: string, status: number, body?: object) =>
        send(target.port, { tenant, method, path, status, ...(body ? { body } : {}) }, target.signal);
      await ask('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`, 200);
      await ask('PATCH', `/Users/${id}`, 200, body);
      await ask('GET', `/Users/${id}`, 200);
      await ask('GET', '/Users?startIndex=1&count=10', 200);
      await ask('GET', `/Users/${tenant.organizationId}`, 404);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => work(client)));
}
