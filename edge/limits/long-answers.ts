/**
 * The pages of long answers: an organization reads one at a time at this edge, however many answers it gets together. Each
 * page takes milliseconds of every process, so several at a time would leave little for other organizations.
 */
import { LRUCache } from 'lru-cache';
import pLimit, { type LimitFunction } from 'p-limit';

const MAX_ORGANIZATIONS = 10_000;

/** The lines of an edge, by organization. */
const lines = new LRUCache<string, LimitFunction>({ max: MAX_ORGANIZATIONS });

/** Reads a page after those for which the organization waits already. */
export function readInLine<T>(organizationId: string, read: () => Promise<T>): Promise<T> {
  const line = lines.get(organizationId) ?? pLimit(1);
  lines.set(organizationId, line);
  return line(read);
}
