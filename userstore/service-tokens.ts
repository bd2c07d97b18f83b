/**
 * The service tokens of an installation that was given none: random ones, one for each role, in a file that only its
 * owner can read, for the services and commands of the same machine.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Caller, ROLES } from './rpc/callers.js';

const content = z.object({ edge: z.string(), reader: z.string(), admin: z.string() });
type Tokens = z.infer<typeof content>;

/** The callers by service token out of `DATA_DIR/service-tokens.json`, which is made if there is none. */
export async function localServiceTokens(dataDir: string): Promise<ReadonlyMap<string, Caller>> {
  const file = join(dataDir, 'service-tokens.json');
  await mkdir(dataDir, { recursive: true });
  const tokens = (await readTokens(file)) ?? (await makeTokens(file));
  return new Map(ROLES.map((role) => [tokens[role], { name: role, role }]));
}

async function readTokens(file: string): Promise<Tokens | undefined> {
  try {
    return content.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`${file} is not readable as service tokens; remove it to have new ones made`, { cause: error });
  }
}

/** Written whole or not at all; of two processes that do it at once, one wins and both read its file. */
async function makeTokens(file: string): Promise<Tokens> {
  const made = Object.fromEntries(ROLES.map((role) => [role, randomBytes(32).toString('base64url')]));
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  const tokens = await readTokens(file);
  if (!tokens) throw new Error(`${file} is gone as soon as it was made`);
  return tokens;
}
