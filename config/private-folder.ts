/** Folders of secrets: DATA_DIR and the folders in it. Only their owner may enter them. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

const OWNER_ONLY = 0o700;
/** The permission to write, of the group and of all others. */
const WRITABLE_BY_OTHERS = 0o022;

/** Creates a folder, and its missing parents, with mode 700 whatever the umask. An existing folder keeps its mode. */
export async function createPrivateFolder(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true, mode: OWNER_ONLY });
  // A umask can only remove permissions, of the owner too.
  if (created !== undefined) await chmod(path, OWNER_ONLY);
}

/** Logs a warning if the folder exists and other users can write to it: they could replace the secrets in it. */
export async function warnIfWritableByOthers(
  path: string,
  log: { warn(fields: object, message: string): void },
): Promise<void> {
  // Windows has no such modes.
  const found = process.platform === 'win32' ? undefined : await stat(path).catch(() => undefined);
  if (!found || (found.mode & WRITABLE_BY_OTHERS) === 0) return;
  const mode = (found.mode & 0o7777).toString(8);
  log.warn({ folder: resolve(path), mode }, 'other users can write to DATA_DIR: set its mode to 700');
}
