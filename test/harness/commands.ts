/** The commands of `bin/` as a person or a script runs them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { admin } from '../../bin/admin/program.js';

/** The result of a command. */
export interface Outcome {
  /** The exit status; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command `admin` in this process, without a terminal and with the given variables as its environment; waits for
 * its end. It takes a twentieth of the time of a process.
 */
export async function runAdmin(args: readonly string[], env: Record<string, string>): Promise<Outcome> {
  const outcome = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      outcome[name] += text;
    },
  });
  const process = { env: { ...env }, stdin: {}, stdout: into('stdout'), stderr: into('stderr') };
  const code = await admin(args, process);
  return { code, ...outcome };
}

/**
 * Starts a command of `bin/`, with PATH and the given variables as its environment; waits for its end. A command that
 * does not end by itself is interrupted once `isEnough` accepts its output.
 */
export async function command(
  name: 'admin' | 'okta' | 'certificates',
  args: string[],
  env: Record<string, string>,
  isEnough: (stdout: string) => boolean = () => false,
): Promise<Outcome> {
  const script = fileURLToPath(new URL(`../../bin/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (isEnough(stdout)) child.kill('SIGINT');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Returns the output of a command that succeeded. */
export async function succeeding(running: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await running;
  expect(code, stderr).to.equal(0);
  return stdout;
}
