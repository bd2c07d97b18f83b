/** A container engine's commands as a person gives them; the images under test, built once for all suites. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Tag of the images under test: it replaces no other image. */
const VERSION = 'under-test';
const COMMAND_MS = 600_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a command in the project's folder and returns its stdout. Throws an Error with its stderr. */
export async function run(file: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const options = {
    cwd: ROOT,
    env: { ...process.env, VERSION, ...env },
    timeout: COMMAND_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  try {
    return (await promisify(execFile)(file, args, options)).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${file} ${args.join(' ')}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  }
}

/** Runs `docker` with these arguments. */
export const docker = (...args: string[]): Promise<string> => run('docker', args);

const succeeds = (file: string, ...args: string[]) =>
  run(file, args).then(
    () => true,
    () => false,
  );

/**
 * The command for compose files: version 2's, else the older one's. Throws one line where there is none, or no engine.
 */
export async function findCompose(): Promise<[file: string, ...args: string[]]> {
  if (!(await succeeds('docker', 'info'))) {
    throw new Error('No container engine can be reached: `docker info` fails. Start one, or set DOCKER_HOST.');
  }
  if (await succeeds('docker', 'compose', 'version')) return ['docker', 'compose'];
  if (await succeeds('docker-compose', 'version')) return ['docker-compose'];
  throw new Error('Neither `docker compose` nor `docker-compose` is installed.');
}

/** Builds the images, and ends the run with one line where that is impossible. */
export async function mochaGlobalSetup(): Promise<void> {
  try {
    const [file, ...args] = await findCompose();
    await run(file, [...args, '-f', 'docker-compose.yml', 'build']);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
