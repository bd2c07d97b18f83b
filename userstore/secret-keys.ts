/**
 * The keys that secrets are encrypted with: given or, for an installation that was given none, a random
 * one in a file that only its owner can read.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In bytes, for AES-256. */
const KEY_LENGTH = 32;
const BASE64 = /^(?:[A-Za-z\d+/]{42,43}=?|[\w-]{43}=?)$/;

/** Keys of 32 bytes in base64, separated by commas or white space; undefined where the text is not that. */
export function keysIn(text: string): Buffer[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const keys = words.map((word) => Buffer.from(word, 'base64'));
  const areKeys = words.every((word) => BASE64.test(word)) && keys.every(({ length }) => length === KEY_LENGTH);
  return areKeys && keys.length > 0 ? keys : undefined;
}

/** The keys in this file. Throws an Error that names it where it cannot be read as keys. */
export async function keysInFile(file: string): Promise<Buffer[]> {
  const keys = keysIn(await readFile(file, 'utf8'));
  if (keys) return keys;
  throw new Error(`${file} holds no secret keys: each is 32 bytes in base64`);
}

/**
 * The keys in `DATA_DIR/secret-key`. Where there is no such file one is made, unless `isNeeded` says that secrets lie
 * encrypted with a key that must be somewhere: then there are none.
 */
export async function localSecretKeys(dataDir: string, isNeeded: () => Promise<boolean>): Promise<Buffer[]> {
  const file = join(dataDir, 'secret-key');
  try {
    return await keysInFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  if (await isNeeded()) return [];
  await mkdir(dataDir, { recursive: true });
  await makeKey(file);
  return await keysInFile(file);
}

/** Written whole or not at all; of two processes that do it at once, one wins and both read its file. */
async function makeKey(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(KEY_LENGTH).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
}

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code;
