/** A SCIM service that `npm run bench -- --peers` measures, and how it is installed and started. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Keep, Setting } from '../chains.js';
import type { Database } from '../database.js';
import { withDescendants } from '../processes.js';

const READY_MS = 180_000;
const POLL_MS = 250;
const STOP_MS = 10_000;

/** A service to measure. `note` says what of it ran. */
export interface Peer {
  name: string;
  note: string;
  /** Installs and starts it. Throws an Error that says why it cannot run here. */
  start(surroundings: Surroundings): Promise<RunningPeer>;
}

/** The means of a peer. Installed programs stay in `folder`, data goes to the setting's folder. */
export interface Surroundings {
  folder: string;
  setting: Setting;
  database: Database;
  keep: Keep;
}

/** A started service. `base` is the path of its SCIM base URL. */
export interface RunningPeer {
  port: number;
  base: string;
  authorization: string;
  /** The processes whose CPU time counts, with that of their database. */
  pids(): Promise<number[]>;
}

/** Installs into `folder/name` once: a first try that failed leaves nothing. Returns the folder. */
export async function installed(folder: string, name: string, install: (into: string) => Promise<void>) {
  const done = join(folder, name);
  if (
    await open(done).then(
      (file) => file.close().then(() => true),
      () => false,
    )
  )
    return done;
  const attempt = `${done}-unfinished`;
  await rm(attempt, { recursive: true, force: true });
  await mkdir(attempt, { recursive: true });
  process.stderr.write(`installing ${name} …\n`);
  await install(attempt);
  await rename(attempt, done);
  return done;
}

/** Runs a program to its end. Throws an Error with the end of its output if it fails or is not there. */
export async function run(command: string, args: string[], signal: AbortSignal): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (output = (output + text).slice(-500)));
  const [code] = await once(child, 'close').catch((error: Error) => {
    throw new Error(`${command}: ${error.message}`);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${output.trim()}`);
}

/** Starts a program and waits until it answers HTTP at `port`. Returns a function that lists its processes. */
export async function startProgram(
  name: string,
  [command = '', ...args]: string[],
  port: number,
  env: Record<string, string>,
  { setting, keep }: Surroundings,
): Promise<() => Promise<number[]>> {
  const log = await open(join(setting.folder, `${name}.log`), 'a');
  const child = spawn(command, args, { stdio: ['ignore', log.fd, log.fd], env: { ...process.env, ...env } });
  await log.close();
  child.on('error', () => undefined);
  const gone = once(child, 'exit');
  const family = () => (child.pid === undefined ? Promise.resolve([]) : withDescendants(child.pid));
  keep(async () => {
    for (const pid of await family()) kill(pid, 'SIGTERM');
    const force = setTimeout(async () => (await family()).map((pid) => kill(pid, 'SIGKILL')), STOP_MS);
    if (child.exitCode === null && child.signalCode === null) await gone.catch(() => undefined);
    clearTimeout(force);
  });
  const end = Date.now() + READY_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      const output = (await readFile(join(setting.folder, `${name}.log`), 'utf8')).slice(-800);
      throw new Error(`${name} did not start: ${output}`);
    }
    await sleep(POLL_MS, undefined, { signal: setting.signal });
  }
  return family;
}

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
    () => true,
    () => false,
  );
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
