/** The stack of the compose files under its own project name, with its own secrets and free ports. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../bin/port.js';
import type { Tenant } from '../harness/organizations.js';
import { scimClient } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';
import { docker, findCompose, run } from './engine.js';

/** The parts of the stack. */
export type ServiceName = 'edge' | 'userstore' | 'console' | 'mongo' | 'mongo-2' | 'mongo-3';

/** A running stack. */
export type Stack = Awaited<ReturnType<typeof startStack>>;

let started = 0;

/** Starts what these compose files describe and waits until the edge is ready. */
export async function startStack(...files: string[]) {
  const project = `provisioning-${process.pid}-${++started}`;
  const secretsFolder = await mkdtemp(join(tmpdir(), 'compose-secrets-'));
  const [edgePort, userstorePort, consolePort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    SECRETS_DIR: secretsFolder,
    EDGE_ADDRESS: '127.0.0.1',
    EDGE_PORT: String(edgePort),
    CONSOLE_PORT: String(consolePort),
    USERSTORE_TEST_PORT: String(userstorePort),
  };
  const origin = `http://127.0.0.1:${edgePort}`;
  const [file, ...args] = await findCompose();
  const all = [...files, 'test/compose/outside.yml'].flatMap((name) => ['-f', name]);

  /** Runs compose on this stack; gives stdout. */
  const compose = (...more: string[]) =>
    run(file, [...args, '-p', project, ...all, '--project-directory', '.', ...more], env);
  /** Runs a command in the container of a service; gives stdout. */
  const exec = (service: ServiceName, ...command: string[]) => compose('exec', '-T', service, ...command);
  const container = async (service: ServiceName) => (await compose('ps', '--quiet', service)).trim();
  const admin = async (...command: string[]) =>
    JSON.parse(await exec('userstore', 'node', 'dist/bin/admin.js', '--json', ...command));
  const isReady = () =>
    fetch(`${origin}/health/ready`, { signal: AbortSignal.timeout(3000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
  const ready = () => eventually('the edge is ready', isReady, 120_000);
  const secret = async (name: string) => (await readFile(join(secretsFolder, name), 'utf8')).trim();
  const down = async () => {
    await compose('down', '--volumes', '--timeout', '5');
    await rm(secretsFolder, { recursive: true });
  };

  try {
    await run('sh', ['bin/compose-secrets.sh'], env);
    await compose('up', '--detach');
    await ready();
  } catch (error) {
    const log = await compose('logs', '--tail', '40').catch(String);
    await down().catch(() => undefined);
    throw new Error(`the stack did not start:\n${log}`, { cause: error });
  }

  return {
    origin,
    consoleOrigin: `http://127.0.0.1:${consolePort}`,
    /** host:port of userstore. */
    address: `127.0.0.1:${userstorePort}`,
    /** The name of the volume with the first member's data. */
    volume: `${project}_mongo-data`,
    compose,
    exec,
    ready,
    /** A secret by the name of its file. */
    secret,
    /** All secrets by the names of their files. */
    async secrets(): Promise<Map<string, string>> {
      const names = await readdir(secretsFolder);
      return new Map(await Promise.all(names.map(async (name) => [name, await secret(name)] as const)));
    },
    /** The id of a service's container. */
    container,
    /** Kills all of a service's processes, as a crash would; the engine starts it again. */
    async kill(service: ServiceName): Promise<void> {
      // The shell that does it may go down with them.
      await exec(service, 'sh', '-c', 'kill -9 -1').catch(() => undefined);
    },
    /** Creates an organization, of no particular limit, and a token, with the admin command inside. */
    async createTenant(): Promise<Tenant> {
      const { id: organizationId } = await admin('org', 'create', 'Test organization');
      await admin('org', 'set', organizationId, '--rate', '10000', '--burst', '100000');
      const { id: apiTokenId, value } = await admin('token', 'issue', organizationId);
      const baseUrl = `${origin}/${organizationId}/scim/v2`;
      return { organizationId, apiTokenId, baseUrl, secret: value.split(' ')[1], scim: scimClient(baseUrl, value) };
    },
    /** Takes a container off one of the stack's networks; gives what puts it back under the same names. */
    async cutOff(service: ServiceName, network: 'database' | 'services'): Promise<() => Promise<void>> {
      const name = `${project}_${network}`;
      const id = await container(service);
      await docker('network', 'disconnect', name, id);
      return async () => void (await docker('network', 'connect', '--alias', service, name, id));
    },
    /** Makes a further network, to which services can be added under their names. */
    async addNetwork(network: string) {
      const name = `${project}_${network}`;
      await docker('network', 'create', '--internal', name);
      const members: string[] = [];
      return {
        async add(service: ServiceName): Promise<void> {
          const id = await container(service);
          await docker('network', 'connect', '--alias', service, name, id);
          members.push(id);
        },
        async remove(): Promise<void> {
          for (const id of members) await docker('network', 'disconnect', '--force', name, id);
          await docker('network', 'rm', name);
        },
      };
    },
    /** Removes everything, data included. */
    down,
  };
}
