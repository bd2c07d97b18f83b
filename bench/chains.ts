/** The two chains of the comparison, and their common data. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../bin/admin/userstore.js';
import { freePort } from '../bin/port.js';
import { OPERATIONS, person, requestOf, type ScimRequest } from './operations.js';
import { type Launch, type Launched, launch } from './processes.js';
import type { Tenant, World } from './world.js';

/** The service tokens of every userstore of the bench. */
export const TOKENS = {
  edge: 'edge-service-token-of-bench',
  admin: 'admin-service-token-of-bench',
  reader: 'reader-service-token-of-bench',
};
const REQUEST_MS = 20_000;
const SEEDERS = 8;

/** "before" is an earlier version of the product. */
export type ChainName = 'bare' | 'before' | 'product';
/** The modules of each chain. */
export const MODULES = {
  bare: { edge: 'bench/bare-edge', userstore: 'bench/bare-userstore' },
  before: { edge: 'edge/main', userstore: 'userstore/main' },
  product: { edge: 'edge/main', userstore: 'userstore/main' },
};

/** A running chain. */
export interface Chain {
  port: number;
  /** "host:port" of its userstore. */
  address: string;
  edge: Launched;
  userstore: Launched;
}

/** Registers a function that stops a process. */
export type Keep = (stop: () => Promise<void>) => void;
export type Setting = Omit<Launch, 'module' | 'args' | 'env'>;

/**
 * Starts a chain over the database. Passes the stop function of each process to `keep`, and adds `more` to their
 * environments. `controlGroups` are folders of control groups.
 */
export async function startChain(
  name: ChainName,
  mongodbUri: string,
  args: string[],
  setting: Setting,
  keep: Keep,
  more: Record<string, string> = {},
  controlGroups: { edge?: string; userstore?: string } = {},
): Promise<Chain> {
  const [userstorePort, port] = [await freePort(), await freePort()];
  const address = `127.0.0.1:${userstorePort}`;
  const callers = Object.entries(TOKENS)
    .map(([role, token]) => `${role}:${role}:${token}`)
    .join(',');
  const start = async (service: 'edge' | 'userstore', env: Record<string, string>) => {
    const launched = await launch({
      ...setting,
      module: MODULES[name][service],
      args,
      env: { ...more, ...env, USERSTORE_ADDRESS: address },
      controlGroup: controlGroups[service],
    });
    keep(launched.stop);
    return launched;
  };
  const forUserstore = { MONGODB_URI: mongodbUri, USERSTORE_PORT: String(userstorePort), SERVICE_TOKENS: callers };
  const userstore = await start('userstore', forUserstore);
  const edge = await start('edge', { PORT: String(port), USERSTORE_TOKEN: TOKENS.edge });
  return { port, address, edge, userstore };
}

/** Creates two organizations and `count` users through the product. Returns the file that describes them, in `folder`. */
export async function makeWorld(
  { port, address }: Chain,
  count: number,
  folder: string,
  name: string,
  signal: AbortSignal,
) {
  const [home, nursery] = await createTenants(address);
  const world: World = { home, nursery, users: [], answers: {} };
  let next = 0;
  const seed = async () => {
    while (next < count) {
      const index = next++;
      const answer = await send(port, { tenant: home, ...creation(index) }, signal);
      const { id, userName } = JSON.parse(answer) as World['users'][number];
      world.users[index] = { id, userName };
    }
  };
  await Promise.all(Array.from({ length: SEEDERS }, seed));
  for (const operation of OPERATIONS) {
    world.answers[operation] = await send(port, requestOf(operation, 0, world), signal);
  }
  const file = join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(world), { mode: 0o600 });
  return file;
}

const creation = (index: number) => ({ method: 'POST', path: '/Users', body: person(index), status: 201 });

/** Creates two organizations, each with an API token. */
export async function createTenants(address: string): Promise<[Tenant, Tenant]> {
  const admin = connect(address, TOKENS.admin);
  const create = async (displayName: string) => {
    const { id: organizationId } = await admin.createOrganization(displayName);
    await admin.updateOrganization(organizationId, () => ({ rateLimit: { perSecond: 10_000, burst: 100_000 } }));
    const { secret } = await admin.issueToken(organizationId, 'bench');
    return { organizationId, secret };
  };
  try {
    return [await create('Bench'), await create('Bench, created meanwhile')];
  } finally {
    admin.close();
  }
}

/** Sends one request to the edge at `port` and returns the body. Throws an Error if the status is unexpected. */
export async function send(port: number, { tenant, method, path, body, status }: ScimRequest, signal: AbortSignal) {
  const response = await fetch(`http://127.0.0.1:${port}/${tenant.organizationId}/scim/v2${path}`, {
    method,
    headers: { Authorization: `apikey ${tenant.secret}`, 'Content-Type': 'application/scim+json' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text;
}
