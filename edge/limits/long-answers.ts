/**
 * The pages of long answers after the first: an organization reads one at a time at this edge, however many answers it
 * gets together. Each page takes milliseconds of every process, so several at a time would leave little for other
 * organizations.
 */
import { LRUCache } from 'lru-cache';
import pLimit, { type LimitFunction } from 'p-limit';
import { ScimError } from '../scim/scim-error.js';

const MAX_ORGANIZATIONS = 10_000;
/** The longest wait of a page: if userstore does not answer, the pages do not fail one after the other. */
const MAX_WAIT_MS = 10_000;

/** The lines of an edge, by organization. */
const lines = new LRUCache<string, LimitFunction>({ max: MAX_ORGANIZATIONS });

/** Reads a page after the pages that the organization already waits for. Throws ScimError (503) after MAX_WAIT_MS. */
export function readInLine<T>(organizationId: string, read: () => Promise<T>): Promise<T> {
  const line = lines.get(organizationId) ?? pLimit(1);
  lines.set(organizationId, line);
  const joined = performance.now();
  return line(() => {
    if (performance.now() - joined > MAX_WAIT_MS)
      throw new ScimError(503, undefined, 'A part of the answer took too long.');
    return read();
  });
}
