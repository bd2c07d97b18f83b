/**
 * The secret with which all edges of an installation seal the state that browsers keep. The operator configures it;
 * otherwise the edge creates a random one in a file that only its owner can read.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrivateFile, hasErrorCode } from '../../config/private-file.js';

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
    if (!hasErrorCode(error, 'ENOENT')) throw error;
  }
  await createPrivateFile(file, `${randomBytes(32).toString('base64url')}\n`);
  return await read(file);
}

async function read(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (LOGIN_SECRET.test(secret)) return secret;
  throw new Error(`${file} holds no login secret: 32 or more printable ASCII characters without blanks`);
}
