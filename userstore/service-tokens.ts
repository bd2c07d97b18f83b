/**
 * The service tokens of an installation that configures none: a random token for each role in a file that only its
 * owner can read, for the services and commands of the same machine.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { createPrivateFile, hasErrorCode } from '../config/private-file.js';
import { serviceTokenFile } from '../config/service-token-file.js';
import type { Caller } from './rpc/callers.js';
import type { Role } from './rpc/permissions.js';

/** The roles of an installation's own parts; other callers have service accounts. */
const LOCAL_ROLES = ['edge', 'reader', 'viewer', 'support', 'admin'] as const satisfies readonly Role[];
type Tokens = Record<(typeof LOCAL_ROLES)[number], string>;

/** The content of the file. Earlier versions had no `viewer` and no `support`. */
const content = z.object({
  edge: z.string(),
  reader: z.string(),
  viewer: z.string().optional(),
  support: z.string().optional(),
  admin: z.string(),
});

/** Returns the callers by service token in `DATA_DIR/service-tokens.json`. Creates the file if it does not exist. */
export async function localServiceTokens(dataDir: string): Promise<ReadonlyMap<string, Caller>> {
  const file = serviceTokenFile(dataDir);
  const tokens = (await readTokens(file)) ?? (await makeTokens(file));
  return new Map(LOCAL_ROLES.map((role) => [tokens[role], { name: role, role }]));
}

async function readTokens(file: string): Promise<Tokens | undefined> {
  try {
    return await completed(file, content.parse(JSON.parse(await readFile(file, 'utf8'))));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw new Error(`${file} is not readable as service tokens; remove it to have new ones made`, { cause: error });
  }
}

/**
 * Adds the missing tokens to the file. They follow from the token of `admin`, so that userstores which start at the same
 * time add the same ones.
 */
async function completed(file: string, stored: z.infer<typeof content>): Promise<Tokens> {
  const derived = (role: string) =>
    createHmac('sha256', stored.admin).update(`service token of ${role}`).digest('base64url');
  const tokens = { viewer: derived('viewer'), support: derived('support'), ...stored } as Tokens;
  if (stored.viewer === undefined || stored.support === undefined) {
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, `${JSON.stringify(tokens, null, 2)}\n`, { mode: 0o600 });
    await rename(draft, file);
  }
  return tokens;
}

/** Creates the file. If another process creates it at the same time, returns the tokens of that one. */
async function makeTokens(file: string): Promise<Tokens> {
  const made = Object.fromEntries(LOCAL_ROLES.map((role) => [role, randomBytes(32).toString('base64url')]));
  await createPrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
  const tokens = await readTokens(file);
  if (!tokens) throw new Error(`${file} was deleted while userstore created it`);
  return tokens;
}
