/**
 * The description of the data for the load and the bare chain: a file that the bench writes after it created the data.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const tenant = z.object({ organizationId: z.string(), secret: z.string() });
const world = z.object({
  /** The organization of reads and updates. Its size stays the same. */
  home: tenant,
  /** The organization of creations. */
  nursery: tenant,
  users: z.array(z.object({ id: z.string(), userName: z.string() })),
  /** The product's answers by operation, which the bare chain repeats. */
  answers: z.record(z.string(), z.string()),
});

/** An organization and the secret of its API token. */
export type Tenant = z.infer<typeof tenant>;
export type World = z.infer<typeof world>;

/** Reads the file that the first command line argument names. */
export async function readWorld(): Promise<World> {
  return world.parse(JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')));
}
