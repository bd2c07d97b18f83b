/** An invocation of a command. A process has one; tests run several at a time in their own process. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Environment } from '../../config/variables.js';

/** The parts of a process that a command uses. */
export interface CommandProcess {
  env: Environment;
  stdin: { isTTY?: boolean };
  stdout: Output;
  stderr: Output;
}

interface Output {
  isTTY?: boolean;
  write: (text: string) => unknown;
}

/** An invocation. */
export interface Invocation {
  process: CommandProcess;
  /** The options that all commands have. */
  options: { userstore?: string; json?: boolean };
  /** The exit status. */
  status: number;
}

const running = new AsyncLocalStorage<Invocation>();
const ofProcess: Invocation = { process, options: {}, status: 0 };

/** Returns the invocation that the caller belongs to. */
export const invocation = (): Invocation => running.getStore() ?? ofProcess;

/** Runs `work` as this invocation. */
export const invoked = <T>(made: Invocation, work: () => T): T => running.run(made, work);
