/** Starts the measured processes and reads their resource usage from Linux's /proc. */
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

/** A process to start: a module of this project ("edge/main"), its arguments, and its environment besides PATH. */
export interface Launch {
  module: string;
  /** The folder of the compiled project, if it is not this one. */
  build?: string | undefined;
  args?: string[];
  env: Record<string, string>;
  /** The folder of its output files. Files, because reading from a pipe costs CPU time. */
  folder: string;
  /** The folder of its CPU profile; undefined if it is not profiled. */
  profiles?: string | undefined;
  /** Flags of Node.js. */
  flags?: string[];
  /** The folder of its control group, if it has one. */
  controlGroup?: string | undefined;
  signal: AbortSignal;
}

/** Starts a built module and waits until it sends 'ready'. Throws an Error with its output if it does not. */
export async function launch({
  module,
  build,
  args = [],
  env,
  folder,
  profiles,
  flags = [],
  controlGroup,
  signal,
}: Launch): Promise<Launched> {
  const logFile = join(folder, `${module.replaceAll('/', '-')}.log`);
  const log = await open(logFile, 'a');
  const script = join(build ?? fileURLToPath(new URL('..', import.meta.url)), `${module}.js`);
  const profiling = profiles
    ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${profileName(module)}`]
    : [];
  const command = [process.execPath, '--enable-source-maps', ...flags, ...profiling, script, ...args];
  const joining = controlGroup ? ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', controlGroup] : [];
  const [program = '', ...rest] = [...joining, ...command];
  const child = spawn(program, rest, {
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

/** Returns the file name of a module's CPU profile. */
export const profileName = (module: string) => `${module.replaceAll('/', '-')}.cpuprofile`;

/** Returns the next message of a child. Throws an Error if the child ends first, or `signal` aborts. */
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

/** Returns the CPU time of a process, user and system, in microseconds. */
export async function cpuTime(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field, the name in brackets, may contain blanks. utime and stime are fields 14 and 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Returns a process and all processes that it has started. */
export async function withDescendants(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const families = children
    .split(' ')
    .filter(Boolean)
    .map((child) => withDescendants(Number(child)));
  return [pid, ...(await Promise.all(families)).flat()];
}

/** Returns the resident memory of a process in MiB. */
export async function memory(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Returns the number of open files of a process, including sockets. */
export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Returns the peak resident memory of a process in MiB. */
export async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) / 1024;
}
