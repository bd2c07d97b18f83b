/**
 * The secret with which all edges of an installation seal the state that browsers keep. The operator configures it;
 * otherwise the edge creates a random one in a file that only its owner can read.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivateFolder } from '../../config/private-folder.js';

/** A configured secret. */
const LOGIN_SECRET = /^[\x21-\x7e]{32,}$/;

/** The source of the secret. */
export interface SecretPlace {
  /** Undefined: the file `login-secret` in `dataDir`, which the edge creates if it is missing. */
  loginSecret: string | undefined;
  dataDir: string;
}

/** Returns the secret. Throws an Error that names the file if the file holds none. */
export async function findLoginSecret({ loginSecret, dataDir }: SecretPlace): Promise<string> {
  if (loginSecret !== undefined) return loginSecret;
  const file = join(dataDir, 'login-secret');
  try {
    return await read(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await createPrivateFolder(dataDir);
  await make(file);
  return await read(file);
}

async function read(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (LOGIN_SECRET.test(secret)) return secret;
  throw new Error(`${file} holds no login secret: 32 or more printable ASCII characters without blanks`);
}

/** Writes the file atomically. If two processes create it at once, one wins and both read its file. */
async function make(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
}

const hasCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code;
