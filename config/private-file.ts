/** Files of secrets that several processes may create at once: whole or absent, readable by their owner only. */
import { randomUUID } from 'node:crypto';
import { link, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createPrivateFolder } from './private-folder.js';

/**
 * Creates a file, and its folder, atomically. If the file exists already, or another process creates it at the same
 * time, that file stays: read it afterwards.
 */
export async function createPrivateFile(path: string, content: string): Promise<void> {
  await createPrivateFolder(dirname(path));
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch (error) {
    if (!hasErrorCode(error, 'EEXIST')) throw error;
  } finally {
    await unlink(draft);
  }
}

/** Returns true if an error of the file system has this code, such as "ENOENT". */
export const hasErrorCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
