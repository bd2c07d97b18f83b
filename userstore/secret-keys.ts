/**
 * The keys that encrypt secrets: from the environment, or a random key in a file that only its owner can read if the
 * installation configures none.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivateFolder } from '../config/private-folder.js';

/** In bytes, for AES-256. */
const KEY_LENGTH = 32;
const BASE64 = /^(?:[A-Za-z\d+/]{42,43}=?|[\w-]{43}=?)$/;

/** The source of the keys: these keys, the file in `dataDir`, or none. */
export type SecretKeySource =
  | { from: 'environment'; keys: readonly Buffer[] }
  | { from: 'dataDir' }
  | { from: 'nowhere' };

/** Returns the keys of a source. `hasSecrets` tells whether encrypted secrets are stored. */
export async function secretKeysOf(
  source: SecretKeySource,
  dataDir: string,
  hasSecrets: () => Promise<boolean>,
): Promise<readonly Buffer[]> {
  switch (source.from) {
    case 'environment':
      return source.keys;
    case 'dataDir':
      return await localSecretKeys(dataDir, hasSecrets);
    case 'nowhere':
      return [];
  }
}

/** Parses keys of 32 bytes in base64, separated by commas or white space. Returns undefined for any other text. */
export function keysIn(text: string): Buffer[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const keys = words.map((word) => Buffer.from(word, 'base64'));
  const areKeys = words.every((word) => BASE64.test(word)) && keys.every(({ length }) => length === KEY_LENGTH);
  return areKeys && keys.length > 0 ? keys : undefined;
}

/** Reads the keys in this file. Throws an Error that names the file if it holds no keys. */
export async function keysInFile(file: string): Promise<Buffer[]> {
  const keys = keysIn(await readFile(file, 'utf8'));
  if (keys) return keys;
  throw new Error(`${file} holds no secret keys: each is 32 bytes in base64`);
}

/**
 * Returns the keys in `DATA_DIR/secret-key`. If the file does not exist, creates one with a new key, or returns no keys
 * if there are encrypted secrets: a new key would hide that the key of these secrets is missing.
 */
export async function localSecretKeys(dataDir: string, hasSecrets: () => Promise<boolean>): Promise<Buffer[]> {
  const file = join(dataDir, 'secret-key');
  try {
    return await keysInFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  if (await hasSecrets()) return [];
  await createPrivateFolder(dataDir);
  await createKeyFile(file);
  return await keysInFile(file);
}

/** Creates the file atomically: of two processes that do so at the same time one wins, and both read its file. */
async function createKeyFile(file: string): Promise<void> {
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
