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
  return { edge: await createLimit('edge', mib, keep), userstore: await createLimit('userstore', mib, keep) };
}

/**
 * Creates a control group with a limit, of version 2 or 1, and returns its folder. Throws an Error if this process may
 * not, which root may.
 */
async function createLimit(name: string, mib: number, keep: Keep): Promise<string> {
  const isV2 = existsSync(join(ROOT, 'cgroup.controllers'));
  const folder = join(ROOT, isV2 ? '' : 'memory', `bench-${process.pid}-${name}`);
  try {
    await mkdir(folder);
    await writeFile(join(folder, isV2 ? 'memory.max' : 'memory.limit_in_bytes'), String(mib * MIB));
  } catch (error) {
    throw new Error(`No memory limit can be set: ${error instanceof Error ? error.message : error}.`, { cause: error });
  }
  // A group with a process that is ending cannot be removed yet; it does no harm.
  keep(() => rmdir(folder).catch(() => undefined));
  return folder;
}
