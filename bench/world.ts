/** What the load and the bare chain must know of the data: a file that the bench writes once the data is there. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const tenant = z.object({ organizationId: z.string(), secret: z.string() });
const world = z.object({
  /** The organization that is read and changed; its size stays the same. */
  home: tenant,
  /** Another for users that are created meanwhile. */
  nursery: tenant,
  users: z.array(z.object({ id: z.string(), userName: z.string() })),
  /** What the product answers, by operation; the bare chain answers the same. */
  answers: z.record(z.string(), z.string()),
});

/** An organization and the secret of its API token. */
export type Tenant = z.infer<typeof tenant>;
export type World = z.infer<typeof world>;

/** Reads the file that the first command line argument names. */
export async function readWorld(): Promise<World> {
  return world.parse(JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')));
}
