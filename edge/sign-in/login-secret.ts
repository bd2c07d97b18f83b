/**
 * The secret of all edges of an installation, from which they seal what a browser keeps for them: given or, for
 * an installation that was given none, a random one in a file that only its owner can read.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As configuration knows it. */
const LOGIN_SECRET = /^[\x21-\x7e]{32,}$/;

/** Where the secret may be. */
export interface SecretPlace {
  /** Undefined: the one in `login-secret` in `dataDir`, which is made if there is none. */
  loginSecret: string | undefined;
  dataDir: string;
}

/** The secret. Throws an Error that names the file where that has none. */
export async function findLoginSecret({ loginSecret, dataDir }: SecretPlace): Promise<string> {
  if (loginSecret !== undefined) return loginSecret;
  const file = join(dataDir, 'login-secret');
  try {
    return await read(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  await mkdir(dataDir, { recursive: true });
  await make(file);
  return await read(file);
}

async function read(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (LOGIN_SECRET.test(secret)) return secret;
  throw new Error(`${file} holds no login secret: 32 or more printable ASCII characters without blanks`);
}

/** Written whole or not at all; of two processes that do it at once, one wins and both read its file. */
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
