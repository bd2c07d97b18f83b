/** Removes what belongs to organizations that are gone. */
import type { ApiTokenStorage } from '../storage/api-tokens.js';
import type { OrganizationStorage } from '../storage/organizations.js';
import type { UserStorage } from '../storage/users.js';

/** No request that began before an organization was gone goes on for longer, in milliseconds. */
const SETTLING_MS = 150_000;
/** For removing what belongs to one organization, in milliseconds. */
const PURGE_MS = 600_000;

/** Where an organization's things are stored. */
export interface Storages {
  organizations: OrganizationStorage;
  apiTokens: ApiTokenStorage;
  users: UserStorage;
}

/**
 * Removes what belongs to the organizations that are gone for long enough, and at last what is left of themselves; how
 * many. Repeating it, or doing it at several userstores, does no harm.
 */
export async function purgeDeleted({ organizations, ...owned }: Storages, now = Date.now()): Promise<number> {
  const gone = await organizations.listDeleted(new Date(now - SETTLING_MS), now + PURGE_MS);
  for (const id of gone) {
    const deadline = Date.now() + PURGE_MS;
    for (const storage of Object.values(owned)) await storage.removeAll(id, deadline);
    await organizations.purge(id, deadline);
  }
  return gone.length;
}
