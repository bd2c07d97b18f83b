/** Starts a service as a child process. */
import { fork } from 'node:child_process';
import type { Running } from './supervise.js';

/** Longest time in which a service may answer its calls in flight before it is killed. */
const STOP_MS = 15_000;

/** The signals that end a service, and what its parent learns of it. */
export interface LaunchOptions {
  /** Ends the start gracefully. */
  signal: AbortSignal;
  /** Kills the service. */
  force: AbortSignal;
  /** Is called when the service waits for its database, before it is ready. */
  onWaiting(): void;
}

/**
 * Starts `script` with the environment `env` and waits without a limit until it sends 'ready' over its channel, because
 * a service may wait for its database. The child has its own process group, so that Ctrl-C in a terminal does not end
 * all services at once. It ends when the channel closes, so it never outlives this process.
 * Throws an Error if the service ends before it is ready, and the signal's reason if the signal aborts.
 */
export async function launchService(
  script: string,
  env: NodeJS.ProcessEnv,
  { signal, force, onWaiting }: LaunchOptions,
): Promise<Running> {
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
    child.on('message', (message) => {
      if (message === 'ready') resolve(undefined);
      if (message === 'waiting') onWaiting();
    });
  });
  const kill = () => void child.kill('SIGKILL');
  force.addEventListener('abort', kill);
  void exited.then(() => force.removeEventListener('abort', kill));
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
