/**
 * The secret of all edges of an installation, from which they seal what a browser keeps for them. One that was given none
 * makes a random one in a file that only its owner can read.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The secret out of `DATA_DIR/login-secret`, which is made if there is none. */
export async function localLoginSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'login-secret');
  await mkdir(dataDir, { recursive: true });
  return (await read(file)) ?? (await make(file));
}

async function read(file: string): Promise<string | undefined> {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (secret.length >= 32) return secret;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  throw new Error(`${file} is not a login secret; remove it to have a new one made`);
}

/** Written whole or not at all; of two processes that do it at once, one wins and both read its file. */
async function make(file: string): Promise<string> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
  const secret = await read(file);
  if (secret === undefined) throw new Error(`${file} is gone as soon as it was made`);
  return secret;
}
