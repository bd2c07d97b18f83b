/** The file in DATA_DIR in which `npm start` tells the admin command how to reach what it runs. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const addresses = z.object({
  /** userstore's "host:port". */
  userstore: z.string().regex(/^[\w.:[\]-]+:\d+$/),
  /** The edge's origin, as Okta admins enter it. */
  publicUrl: z.string().regex(/^https?:\/\/[^\s/]+$/),
  /** The process of `npm start`. */
  pid: z.number().int().positive(),
});

/** The addresses of a running `npm start`. */
export type Addresses = z.output<typeof addresses>;

const fileIn = (dataDir: string): string => join(dataDir, 'addresses.json');

/** Writes the file, atomically and for its owner only. Replaces the file of a `npm start` that was killed. */
export async function writeAddresses(dataDir: string, content: Addresses): Promise<void> {
  const file = fileIn(dataDir);
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(draft, file);
}

/** Deletes the file if this process has written it. */
export async function removeAddresses(dataDir: string, pid: number): Promise<void> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => '');
  if (parsed(text)?.pid === pid) await rm(fileIn(dataDir), { force: true });
}

/** Returns the addresses of the `npm start` that runs on `dataDir`; undefined if none does. */
export function readAddresses(dataDir: string): Addresses | undefined {
  try {
    const found = parsed(readFileSync(fileIn(dataDir), 'utf8'));
    return found && isAlive(found.pid) ? found : undefined;
  } catch {
    return undefined;
  }
}

function parsed(text: string): Addresses | undefined {
  try {
    return addresses.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Returns whether a process runs. A killed `npm start` leaves its file behind. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
