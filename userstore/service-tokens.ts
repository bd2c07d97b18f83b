/**
 * The service tokens of an installation that was given none: random ones, one for each role, in a file that only its
 * owner can read, for the services and commands of the same machine.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Caller, ROLES } from './rpc/callers.js';

const content = z.object({ edge: z.string(), reader: z.string(), admin: z.string() });

/** The callers by service token out of `DATA_DIR/service-tokens.json`, which is made if there is none. */
export async function localServiceTokens(dataDir: string): Promise<ReadonlyMap<string, Caller>> {
  const file = join(dataDir, 'service-tokens.json');
  const made = Object.fromEntries(ROLES.map((role) => [role, randomBytes(32).toString('base64url')]));
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const tokens = content.parse(JSON.parse(await readFile(file, 'utf8')));
  return new Map(ROLES.map((role) => [tokens[role], { name: role, role }]));
}
