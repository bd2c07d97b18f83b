/** The client secret in a file. */
import { readFile } from 'node:fs/promises';

/** Returns the secret in a file, without line ends. A file, because process lists show arguments. */
export async function secretIn(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret !== '' && !/\s/.test(secret)) return secret;
  throw new Error(`${file} must contain only the client secret.`);
}
