/** The purge of deleted organizations: deletes all data that belongs to them. */
import type { OrganizationStorage } from '../storage/organizations.js';

/** No call takes longer than this time, so that no call is still at work on what changed before it. */
export const SETTLING_MS = 150_000;
/** For the purge of one organization. */
const PURGE_MS = 600_000;

/** A storage of data that belongs to organizations. */
interface OwnedStorage {
  removeAll(organizationId: string, deadline: number): Promise<void>;
}

/**
 * Purges the organizations that were deleted long enough ago, first their data and then their documents. Returns their
 * number. Idempotent, also at several userstores at the same time.
 */
export async function purgeDeleted(
  organizations: OrganizationStorage,
  owned: readonly OwnedStorage[],
  now = Date.now(),
): Promise<number> {
  const deleted = await organizations.listDeleted(new Date(now - SETTLING_MS), now + PURGE_MS);
  for (const id of deleted) {
    const deadline = Date.now() + PURGE_MS;
    for (const storage of owned) await storage.removeAll(id, deadline);
    await organizations.purge(id, deadline);
  }
  return deleted.length;
}
