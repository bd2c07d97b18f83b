/** Real userstore and edge processes for tests, their logs kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../bin/port.js';

/** Service tokens that tests use. */
export const SERVICE_TOKENS = {
  edge: 'edge-service-token-of-tests',
  reader: 'reader-service-token-of-tests',
  viewer: 'viewer-service-token-of-tests',
  support: 'support-service-token-of-tests',
  admin: 'admin-service-token-of-tests',
};

/** The key that tests have secrets encrypted with: 32 bytes. */
export const SECRET_KEY = Buffer.from('the secret key of the test suite').toString('base64');

/** The hosts of the providers of tests, which are on this machine. */
const SSO_ALLOWED_HOSTS = '127.0.0.1';

/** A service under test. */
export interface Service {
  /** Everything it wrote. */
  log: () => string;
  /** Ends the process by `signal` (default SIGTERM), waits for its end and returns its exit code. */
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
  pid: () => number | undefined;
  /** Starts it again with the same environment; waits until it listens. */
  start: () => Promise<void>;
  /** Sends it a signal and does not wait. */
  signal: (signal: NodeJS.Signals) => void;
}

/** Starts `userstore` or `edge` with this environment and nothing inherited but PATH. */
export async function startService(name: 'userstore' | 'edge', env: Record<string, string>): Promise<Service> {
  const script = fileURLToPath(new URL(`../../${name}/main.js`, import.meta.url));
  let log = '';
  let child: ChildProcess;

  const start = async () => {
    child = spawn(process.execPath, ['--enable-source-maps', script], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    const failed = once(child, 'exit').then(() => {
      throw new Error(`${name} did not start:\n${log}`);
    });
    await Promise.race([once(child, 'message'), failed]);
    failed.catch(() => undefined);
  };

  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
    return child.exitCode;
  };

  await start();
  return { log: () => log, pid: () => child.pid, stop, start, signal: (signal) => void child.kill(signal) };
}

/** Both services over one database. */
export interface Pair {
  /** http://host:port of the edge. */
  origin: string;
  /** host:port of the userstore. */
  address: string;
  edge: Service;
  userstore: Service;
  stop: () => Promise<void>;
}

/** Starts an edge over the userstore at `address`; with a service token, unless it has a certificate. */
export async function startEdge(address: string, env: Record<string, string> = {}) {
  const port = env.PORT ?? String(await freePort());
  const edge = await startService('edge', {
    PORT: port,
    USERSTORE_ADDRESS: address,
    SSO_ALLOWED_HOSTS,
    ...(env.USERSTORE_CLIENT_CERT ? {} : { USERSTORE_TOKEN: SERVICE_TOKENS.edge }),
    ...env,
  });
  return {
    origin: `${env.TLS_CERT ? 'https' : 'http'}://127.0.0.1:${port}`,
    edge,
    stop: async () => void (await edge.stop()),
  };
}

/** Starts a userstore over the database that `mongodbUri` names. */
export async function startUserstore(mongodbUri: string, env: Record<string, string> = {}) {
  const port = await freePort();
  const userstore = await startService('userstore', {
    MONGODB_URI: mongodbUri,
    USERSTORE_PORT: String(port),
    SERVICE_TOKENS: Object.entries(SERVICE_TOKENS)
      .map(([role, token]) => `${role}:${role}:${token}`)
      .join(','),
    SECRET_KEY,
    SSO_ALLOWED_HOSTS,
    ...env,
  });
  return { address: `127.0.0.1:${port}`, userstore };
}

/** Starts a pair over the database that `mongodbUri` names. */
export async function startPair(mongodbUri: string, env: Record<string, string> = {}): Promise<Pair> {
  const { address, userstore } = await startUserstore(mongodbUri, env);
  const { origin, edge } = await startEdge(address, env);
  const stop = async () => {
    await edge.stop();
    await userstore.stop();
  };
  return { origin, address, edge, userstore, stop };
}
