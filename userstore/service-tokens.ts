/**
 * The service tokens of an installation that configures none: a random token for each role in a file that only its
 * owner can read, for the services and commands of the same machine.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { createPrivateFolder } from '../config/private-folder.js';
import { serviceTokenFile } from '../config/service-token-file.js';
import { type Caller, ROLES } from './rpc/callers.js';

const content = z.object({ edge: z.string(), reader: z.string(), admin: z.string() });
type Tokens = z.infer<typeof content>;

/** Returns the callers by service token in `DATA_DIR/service-tokens.json`. Creates the file if it does not exist. */
export async function localServiceTokens(dataDir: string): Promise<ReadonlyMap<string, Caller>> {
  const file = serviceTokenFile(dataDir);
  await createPrivateFolder(dataDir);
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

/** Creates the file atomically: of two processes that do so at the same time one wins, and both read its file. */
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
  if (!tokens) throw new Error(`${file} was deleted while userstore created it`);
  return tokens;
}
