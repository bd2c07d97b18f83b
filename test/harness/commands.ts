/** The commands of `bin/` as a person or a script runs them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/** The result of a command. */
export interface Outcome {
  /** The exit status; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
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
