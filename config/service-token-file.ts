/** The file in which userstore hands its service tokens to the edge and the admin command on the same machine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the path of the file in DATA_DIR. */
export const serviceTokenFile = (dataDir: string): string => join(dataDir, 'service-tokens.json');

/** Returns the service token of `role` from the file in `dataDir`; undefined if the file or the token is missing. */
export async function readServiceToken(dataDir: string, role: string): Promise<string | undefined> {
  try {
    const token = (JSON.parse(await readFile(serviceTokenFile(dataDir), 'utf8')) as Record<string, unknown>)[role];
    return typeof token === 'string' && token !== '' ? token : undefined;
  } catch {
    return undefined;
  }
}
