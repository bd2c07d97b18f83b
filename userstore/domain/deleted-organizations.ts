/**
 * The check that an organization is not deleted, for calls about its users and groups: their data stays until the purge.
 * An organization that a caller names by mistake has no data, so nothing has to be checked there.
 */
import { LRUCache } from 'lru-cache';
import { untilDeadline } from '../deadlines.js';
import { organizationNotFound } from './organizations.js';

const MAX_CACHED = 10_000;
/** A deletion by another userstore takes effect after this time; the edge takes as long. */
const TTL_MS = 3000;
/** For one look-up, which all calls that arrive meanwhile share: each of them waits until its own deadline at most. */
const LOOK_UP_MS = 5000;

/** Throws ORGANIZATION_NOT_FOUND if the organization is deleted. `deadline` is in epoch milliseconds. */
export type CheckOrganization = (organizationId: string, deadline: number) => Promise<void> | void;

/** Creates the check. `isDeleted` looks up an organization. */
export function createDeletionCheck(isDeleted: (organizationId: string, deadline: number) => Promise<boolean>) {
  const known = new LRUCache<string, { isDeleted: boolean }>({
    max: MAX_CACHED,
    ttl: TTL_MS,
    ignoreFetchAbort: true,
    fetchMethod: async (organizationId) => ({ isDeleted: await isDeleted(organizationId, Date.now() + LOOK_UP_MS) }),
  });
  const refuse = (found: { isDeleted: boolean } | undefined) => {
    if (found?.isDeleted) throw organizationNotFound();
  };
  return {
    /** Throws ORGANIZATION_NOT_FOUND if the organization is deleted. `deadline` is in epoch milliseconds. */
    check(organizationId: string, deadline: number): Promise<void> | void {
      const found = known.get(organizationId);
      return found ? refuse(found) : untilDeadline(deadline, known.fetch(organizationId)).then(refuse);
    },

    /** Notes a deletion, which then takes effect at once in this userstore. */
    deleted: (organizationId: string): void => void known.set(organizationId, { isDeleted: true }, { ttl: 0 }),
  };
}
