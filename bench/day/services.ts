/** Several edges and userstores over one database, which are one service. */
import { freePort } from '../../bin/port.js';
import { type Keep, type Setting, TOKENS } from '../chains.js';
import { type Launched, launch } from '../processes.js';

/** Running services. `name` says how many. */
export interface Services {
  name: string;
  port: number;
  /** "host:port" of a userstore. */
  address: string;
  edge: Launched;
  /** The processes of the userstores. */
  userstores: number[];
}

/** Starts `count` userstores, and an edge with as many workers. */
export async function startServices(
  count: number,
  mongodbUri: string,
  setting: Setting,
  keep: Keep,
): Promise<Services> {
  const callers = Object.entries(TOKENS).map(([role, token]) => `${role}:${role}:${token}`);
  const start = async (module: string, env: Record<string, string>) => {
    const launched = await launch({ ...setting, module, env });
    keep(launched.stop);
    return launched;
  };
  const [addresses, userstores]: [string[], number[]] = [[], []];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    const env = { MONGODB_URI: mongodbUri, USERSTORE_PORT: String(port), SERVICE_TOKENS: callers.join(',') };
    userstores.push((await start('userstore/main', env)).pid);
    addresses.push(`127.0.0.1:${port}`);
  }
  const port = await freePort();
  const USERSTORE_ADDRESS = addresses.join(',');
  const env = { PORT: String(port), USERSTORE_ADDRESS, USERSTORE_TOKEN: TOKENS.edge, WORKERS: String(count) };
  const edge = await start('edge/main', env);
  return { name: `${count} + ${count}`, port, address: addresses[0] ?? '', edge, userstores };
}
