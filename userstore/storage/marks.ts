/** The marks that requests leave in what they change, so that a repeated request knows of its effect. */
import type { mongo } from 'mongoose';
import type { ChangeStorage } from './changes.js';
import { within } from './connect.js';
import type { StoredDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';

/**
 * Returns whether the request with this mark has changed the user or group, once that is durable. A change is in the
 * outbox, perhaps of a tombstone, until it is flushed. `deadline` is in epoch milliseconds.
 */
export async function wasChangedBy<D extends StoredDocument>(
  { documents, changes }: { documents: mongo.Collection<D>; changes: Pick<ChangeStorage, 'hasMark'> },
  organizationId: string,
  id: string,
  mark: string,
  deadline: number,
): Promise<boolean> {
  const owned = { $or: [{ organizationId }, { organizationId: TOMBSTONE_ORGANIZATION, removedFrom: organizationId }] };
  const query = { _id: id, 'unmoved.mark': mark, ...owned } as mongo.Filter<D>;
  // A write without a change waits for earlier writes.
  const write = documents.updateOne(query, { $set: { _id: id } } as mongo.UpdateFilter<D>, within(deadline));
  return (await write).matchedCount === 1 || (await changes.hasMark(organizationId, mark, deadline));
}
