/** Runs a command: connects, does the work, prints its result as text or JSON, or its error as one line. */
import { createInterface } from 'node:readline/promises';
import { program } from 'commander';
import { secretsOf } from '../../config/variables.js';
import { type Config, readConfig, variables } from './config.js';
import { connectAs, type Userstore } from './userstore.js';

/** The result of a command: a value for scripts, and text for people. */
export type Result = [value: unknown, text: string];

/** Connects, does the work, and prints its value as JSON or its text. Prints an error as one line and exits with 1. */
export async function run(work: (userstore: Userstore, config: Config) => Promise<Result>): Promise<void> {
  const { userstore: address } = program.opts<{ userstore?: string }>();
  await print(async () => {
    const config = readConfig(process.env);
    for (const name of secretsOf(variables)) delete process.env[name];
    const userstore = await connectAs(config, address ?? config.userstoreAddress);
    const result = await work(userstore, config);
    userstore.close();
    return result;
  });
}

/** Likewise, for work without userstore. */
export async function print(work: () => Promise<Result>): Promise<void> {
  // The reader has closed the pipe: `admin … | head`.
  process.stdout.on('error', () => process.exit(0));
  try {
    const [value, text] = await work();
    console.log(wantsJson() ? JSON.stringify(value, null, 2) : text);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** Whether the command prints JSON. */
export const wantsJson = (): boolean => program.opts<{ json?: boolean }>().json ?? false;

/** Asks the person to type `word` before a destructive command, unless `yes`. Throws an Error if they do not. */
export async function confirm(consequence: string, word: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new Error(`${consequence} There is no terminal to confirm it: add --yes.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${consequence} Type ${word} to continue: `);
  terminal.close();
  if (answer.trim() !== word) throw new Error('Nothing was done.');
}
