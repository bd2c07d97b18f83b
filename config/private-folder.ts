/** Folders of secrets: DATA_DIR and the folders in it. Only their owner may enter them. */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const OWNER_ONLY = 0o700;
/** The permission to write, of the group and of all others. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Creates a folder, and its missing parents, with mode 700 whatever the umask. An existing folder keeps its mode. Throws
 * the error of the file system. Creates each parent itself, because a recursive `mkdir` never ends below /proc.
 */
export async function createPrivateFolder(path: string): Promise<void> {
  const folder = resolve(path);
  if (await isFolder(folder)) return;
  if (dirname(folder) !== folder) await createPrivateFolder(dirname(folder));
  try {
    await mkdir(folder, OWNER_ONLY);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (await isFolder(folder)) return;
    throw error;
  }
  // A umask can only remove permissions, of the owner too.
  await chmod(folder, OWNER_ONLY);
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

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
