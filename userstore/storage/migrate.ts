/** Brings documents that an earlier version wrote into the present form. */
import type { Model, mongo } from 'mongoose';
import { accessStateIn, SCHEMA_VERSION, toDocument, toUser, type UserDocument } from './documents.js';

/** In milliseconds, for one write. */
const WRITE_MS = 10_000;

/**
 * Rewrites the users whose documents are older than the present form, in all organizations; how many. An index finds
 * them, so that it takes no time where there are none. Each is written only if it is still what was read, so users may
 * change meanwhile, several userstores may do it at once, and it may be interrupted. Until it is done, filters and
 * orders by what earlier versions did not offer may pass over these users.
 */
export async function migrateUsers(model: Model<UserDocument>, stopped: AbortSignal): Promise<number> {
  const collection = model.collection as unknown as mongo.Collection<UserDocument>;
  let count = 0;
  // Documents without a layout compare as null. The cursor is read to its end while documents leave the index.
  const query = { $or: [{ layout: null as never }, { layout: { $lt: SCHEMA_VERSION } }] };
  for await (const document of collection.find(query, { batchSize: 100 })) {
    if (stopped.aborted) break;
    const { _id, organizationId, version, unmoved } = document;
    const { modifiedCount } = await collection.replaceOne(
      { _id, organizationId, version },
      { ...toDocument(toUser(document), version, accessStateIn(document)), ...(unmoved ? { unmoved } : {}) },
      { maxTimeMS: WRITE_MS },
    );
    count += modifiedCount;
  }
  return count;
}
