/** Removes what belongs to organizations that are gone. */
import type { OrganizationStorage } from '../storage/organizations.js';

/** No call goes on for longer, in milliseconds: what one began before is nobody's any more. */
export const SETTLING_MS = 150_000;
/** For removing what belongs to one organization, in milliseconds. */
const PURGE_MS = 600_000;

/** Where something lies that belongs to organizations. */
interface Owned {
  removeAll(organizationId: string, deadline: number): Promise<void>;
}

/**
 * Removes what belongs to the organizations that are gone for long enough, and at last what is left of themselves; how
 * many. Repeating it, or doing it at several userstores, does no harm.
 */
export async function purgeDeleted(
  organizations: OrganizationStorage,
  owned: readonly Owned[],
  now = Date.now(),
): Promise<number> {
  const gone = await organizations.listDeleted(new Date(now - SETTLING_MS), now + PURGE_MS);
  for (const id of gone) {
    const deadline = Date.now() + PURGE_MS;
    for (const storage of owned) await storage.removeAll(id, deadline);
    await organizations.purge(id, deadline);
  }
  return gone.length;
}
