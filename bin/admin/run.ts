/** How a command runs: a connection, the work, its result as text or JSON, one line for an error. */
import { createInterface } from 'node:readline/promises';
import { program } from 'commander';
import { secretsOf } from '../../config/variables.js';
import { type Config, readConfig, variables } from './config.js';
import { connectAs, type Userstore } from './userstore.js';

/** What a command has to show: for scripts, and for people. */
export type Result = [value: unknown, text: string];

/** Connects, does the work, and prints its result: the value as JSON or the text. An error is one line, and status 1. */
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

/** Likewise, for work that needs no userstore. */
export async function print(work: () => Promise<Result>): Promise<void> {
  // Whoever reads has seen enough: `admin … | head`.
  process.stdout.on('error', () => process.exit(0));
  try {
    const [value, text] = await work();
    console.log(wantsJson() ? JSON.stringify(value, null, 2) : text);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/** Whether the command was asked for JSON. */
export const wantsJson = (): boolean => program.opts<{ json?: boolean }>().json ?? false;

/** Asks a person to type `word` before something is destroyed, unless `yes`. Throws where he does not. */
export async function confirm(what: string, word: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new Error(`${what} Nobody can be asked here: add --yes if that is what you want.`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${what} Type ${word} to go on: `);
  terminal.close();
  if (answer.trim() !== word) throw new Error('Nothing was done.');
}
