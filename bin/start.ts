/** The command `npm start`: runs an embedded MongoDB, userstore, edge and console as supervised processes. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrivateFolder } from '../config/private-folder.js';
import { isOutputTerminal, messageOf, print, printable, printError } from './admin/printer.js';
import { connectAs } from './admin/userstore.js';
import { findMongod } from './mongod/find.js';
import { startMongod } from './mongod.js';
import { isFree } from './port.js';
import { removeAddresses, writeAddresses } from './start/address-file.js';
import { type Config, configurationLines, environmentsOf, readConfig, SECRET_VARIABLES } from './start/config.js';
import { launchService } from './start/service.js';
import { followSignals } from './start/shutdown.js';
import { type Running, type Supervised, supervise } from './start/supervise.js';
import { welcome } from './start/welcome.js';

const USERSTORE = fileURLToPath(new URL('../userstore/main.js', import.meta.url));
const EDGE = fileURLToPath(new URL('../edge/main.js', import.meta.url));
const CONSOLE = fileURLToPath(new URL('../console/main.js', import.meta.url));
/** Attempts at the first start of a service. More than one, because a failure can be transient. */
const FIRST_ATTEMPTS = 3;

const report = (line: string) => printError(printable`${line}`);
const shutdown = followSignals(report);
const { signal } = shutdown;

/** The processes, newest first, which is the order in which they are stopped. */
const processes: Supervised[] = [];
/** The folder that has the addresses of this process. */
let dataDir: string | undefined;
try {
  const config = readConfig(process.env);
  const given = environmentsOf(process.env);
  for (const name of SECRET_VARIABLES) delete process.env[name];
  for (const line of configurationLines(config)) report(line);
  await start(config, given);
  if (!signal.aborted) await once(signal, 'abort');
} catch (error) {
  if (!signal.aborted) {
    printError(messageOf(error));
    process.exitCode = 1;
  }
}
shutdown.begin();
for (const { stop } of processes) await stop();
if (dataDir !== undefined) await removeAddresses(dataDir, process.pid);
process.exit();

async function start(config: Config, given: ReturnType<typeof environmentsOf>): Promise<void> {
  await requireFree('PORT', config.port, config.host);
  const userstores = Array.from({ length: config.workers }, (_, index) => index);
  for (const index of userstores) await requireFree('USERSTORE_PORT', config.userstorePort + index, '127.0.0.1');
  await requireFolder(config.dataDir);

  const database = config.mongodbUri ? {} : { MONGODB_URI: await embeddedMongodb(join(config.dataDir, 'mongodb')) };
  const addresses = userstores.map((index) => `127.0.0.1:${config.userstorePort + index}`);
  const address = addresses[0] ?? '';
  const { DATA_DIR, PUBLIC_URL = '' } = { DATA_DIR: config.dataDir, PUBLIC_URL: config.publicUrl };
  const [PORT, USERSTORE_ADDRESS] = [String(config.port), addresses.join(',')];
  const forEdge = { ...given.forEdge, DATA_DIR, PUBLIC_URL, PORT, USERSTORE_ADDRESS };
  for (const index of userstores) {
    await keepService('userstore', USERSTORE, {
      ...given.forUserstore,
      DATA_DIR,
      ...database,
      ...portsOf(config, index),
    });
  }
  await writeAddresses(config.dataDir, { userstore: address, publicUrl: config.origin, pid: process.pid });
  dataDir = config.dataDir;
  await keepService('edge', EDGE, forEdge);
  const forConsole = { ...given.forConsole, DATA_DIR, PUBLIC_URL, USERSTORE_ADDRESS };
  const consoleLink = await startConsole(config, forConsole);

  try {
    const userstore = await connectAs(config, address);
    print(await welcome(userstore, config, isOutputTerminal(), consoleLink));
    userstore.close();
  } catch (error) {
    if (signal.aborted) return;
    report(
      `Everything runs, but the organizations cannot be listed: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Returns the ports of a userstore: those after its variables, by its place. */
function portsOf({ userstorePort, userstoreMetricsPort: metrics }: Config, index: number) {
  return {
    USERSTORE_PORT: String(userstorePort + index),
    ...(metrics === undefined ? {} : { USERSTORE_METRICS_PORT: String(metrics + index) }),
  };
}

/**
 * Keeps the console running. Returns the link that signs in to it; undefined, after a line that says why, if it does not
 * run: everything else works without it.
 */
async function startConsole(config: Config, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const linkCode = randomBytes(32).toString('base64url');
  try {
    await requireFree('CONSOLE_PORT', config.consolePort, config.consoleHost);
    await keepService('console', CONSOLE, { ...env, CONSOLE_LINK_CODE: linkCode });
    return `${config.consoleUrl}/sign-in/link?code=${linkCode}`;
  } catch (error) {
    if (signal.aborted) throw error;
    report(`The console does not run: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Keeps a service running. While it waits for its database, the edge has not started. */
async function keepService(
  name: 'userstore' | 'edge' | 'console',
  script: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const onWaiting = () => report('userstore waits for MongoDB; the edge starts once MongoDB answers. Ctrl-C stops.');
  await keep(name, FIRST_ATTEMPTS, () => launchService(script, env, { ...shutdown, onWaiting }));
}

/** Keeps an embedded mongod running on the data in `dbPath`. Returns its URI, which restarts do not change. */
async function embeddedMongodb(dbPath: string): Promise<string> {
  const binary = await findMongod(report, signal);
  let uri = '';
  let port: number | undefined;
  await keep('MongoDB', 1, async () => {
    const mongod = await startMongod({ binary, dbPath, port });
    ({ uri, port } = mongod);
    return mongod;
  });
  return uri;
}

async function keep(name: string, attempts: number, launch: () => Promise<Running>): Promise<void> {
  processes.unshift(await supervise({ name, launch, attempts, report, signal }));
}

async function requireFree(variable: string, port: number, host: string): Promise<void> {
  if (await isFree(port, host)) return;
  throw new Error(
    `Port ${port} is in use: stop the process that uses it, or choose another port with ${variable}=… npm start`,
  );
}

async function requireFolder(path: string): Promise<void> {
  try {
    await createPrivateFolder(path);
    await access(path, constants.W_OK);
  } catch (error) {
    throw new Error(
      `DATA_DIR cannot be used: ${error instanceof Error ? error.message : error}. Choose another folder.`,
    );
  }
}
