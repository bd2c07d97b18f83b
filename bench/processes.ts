/** Starts the processes that are measured and reads what they have used, from Linux's /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STOP_MS = 15_000;
const READY_MS = 60_000;
/** Linux counts CPU time for user space in hundredths of a second on every architecture. */
const TICK_US = 10_000;

/** A process of the bench. */
export interface Launched {
  child: ChildProcess;
  pid: number;
  stop(): Promise<void>;
}

/** What to start: a module of this project ("edge/main"), its arguments, its whole environment but PATH. */
export interface Launch {
  module: string;
  args?: string[];
  env: Record<string, string>;
  /** Where its output goes, in files: a reader at the other end of a pipe would cost CPU time. */
  folder: string;
  /** The folder in which to leave a CPU profile. */
  profiles?: string | undefined;
  signal: AbortSignal;
}

/** Starts a module as it is built and waits until it says 'ready'. Throws with its output when it does not. */
export async function launch({ module, args = [], env, folder, profiles, signal }: Launch): Promise<Launched> {
  const logFile = join(folder, `${module.replace('/', '-')}.log`);
  const log = await open(logFile, 'a');
  const script = fileURLToPath(new URL(`../${module}.js`, import.meta.url));
  const flags = profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${profileName(module)}`] : [];
  const child = spawn(process.execPath, ['--enable-source-maps', ...flags, script, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    serialization: 'advanced',
  });
  await log.close();
  const stop = () => end(child);
  try {
    await nextMessage(child, AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]));
  } catch (error) {
    await stop();
    signal.throwIfAborted();
    const output = (await readFile(logFile, 'utf8')).slice(-2000);
    throw new Error(`${module} did not start: ${output || String(error)}`);
  }
  return { child, pid: child.pid ?? 0, stop };
}

/** The file name of a module's CPU profile. */
export const profileName = (module: string) => `${module.replace('/', '-')}.cpuprofile`;

/** The next message of a child. Throws when the child ends first, or `signal` aborts. */
export async function nextMessage(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  const settled = new AbortController();
  const either = { signal: AbortSignal.any([signal, settled.signal]) };
  const gone = once(child, 'exit', either).then(([code, killer]) => {
    throw new Error(`the process ended (${killer ?? `exit code ${code}`})`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', either), gone]);
    return message;
  } finally {
    gone.catch(() => undefined);
    settled.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(force);
}

/** CPU time of a process so far, user and system, in microseconds. */
export async function cpuTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in brackets, may hold blanks; utime and stime are the fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** The memory that a process holds, in MiB. */
export async function memory(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** How many files, sockets included, a process has open. */
export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** The most memory a process has held, in MiB. */
export async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}
