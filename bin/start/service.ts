/** Starts one of the product's services as a child process. */
import { fork } from 'node:child_process';
import type { Running } from './supervise.js';

/** A service answers its calls in flight first. */
const STOP_MS = 15_000;

/**
 * Starts `script` with the environment `env` and waits until it says 'ready' over its channel, however long that takes
 * (a service may be waiting for its database). It is in a process group of its own, so that a terminal's Ctrl-C does
 * not end all services at once; it ends by itself when the channel closes, so it never outlives this process.
 * Throws when the service ends before it is ready, and the signal's reason when that aborts.
 */
export async function launchService(script: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Running> {
  const child = fork(script, [], {
    env,
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, killer) => resolve(killer ?? `exit code ${code}`));
    child.on('error', (error) => child.pid === undefined && resolve(error.message));
  });
  const ready = new Promise<undefined>((resolve) => {
    child.on('message', (message) => message === 'ready' && resolve(undefined));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(force);
  };

  const cancel = () => void stop();
  signal.addEventListener('abort', cancel);
  const early = await Promise.race([ready, exited]);
  signal.removeEventListener('abort', cancel);
  if (signal.aborted) await stop();
  signal.throwIfAborted();
  if (early !== undefined) throw new Error(early);
  return { pid: child.pid, exited, stop };
}
