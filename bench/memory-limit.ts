/** Memory limits of processes, as containers have them: a control group of Linux for each process. */
import { existsSync } from 'node:fs';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Keep } from './chains.js';

/** The folders of the control groups of services. */
export type ControlGroups = Partial<Record<'edge' | 'userstore', string>>;

const ROOT = '/sys/fs/cgroup';
const MIB = 1024 * 1024;

/** Creates a memory limit for each service, if there is one. */
export async function limitServices(mib: number | undefined, keep: Keep): Promise<ControlGroups> {
  if (mib === undefined) return {};
  const limit = async (service: keyof ControlGroups) => {
    const { folder, remove } = await createMemoryLimit(service, mib);
    keep(remove);
    return folder;
  };
  return { edge: await limit('edge'), userstore: await limit('userstore') };
}

/**
 * Creates a control group with a limit, of version 2 or 1; returns its folder, and the function that removes it. Throws
 * an Error if this process may not, which root may.
 */
async function createMemoryLimit(name: string, mib: number): Promise<{ folder: string; remove: () => Promise<void> }> {
  const isV2 = existsSync(join(ROOT, 'cgroup.controllers'));
  const folder = join(ROOT, isV2 ? '' : 'memory', `bench-${process.pid}-${name}`);
  try {
    await mkdir(folder);
    await writeFile(join(folder, isV2 ? 'memory.max' : 'memory.limit_in_bytes'), String(mib * MIB));
  } catch (error) {
    throw new Error(`No memory limit can be set: ${error instanceof Error ? error.message : error}.`, { cause: error });
  }
  // A group with a process that is ending cannot be removed yet; it does no harm.
  return { folder, remove: () => rmdir(folder).catch(() => undefined) };
}
