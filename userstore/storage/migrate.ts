/** The migration of documents that earlier versions of userstore wrote. */
import type { mongo } from 'mongoose';
import type { UserDocument } from './directory-schemas.js';
import { accessStateIn, SCHEMA_VERSION, toDocument, toUser } from './documents.js';
import type { NoteHeld } from './held-attributes.js';
import { ABSENT } from './schema.js';

/** Longest time of one write. */
const WRITE_MS = 10_000;

/**
 * Migrates the users of an older schema version, of all organizations, to the current one. Returns their number. An
 * index finds them, so the call costs nothing if there are none. Each write replaces only the version that was read:
 * users may change meanwhile, several userstores may migrate at once, and the migration may be interrupted. Until it is
 * done, filters and orders that earlier versions did not offer may skip these users. `noteHeld` notes the extension
 * attributes of each user.
 */
export async function migrateUsers(
  users: mongo.Collection<UserDocument>,
  stopped: AbortSignal,
  noteHeld: NoteHeld = async () => undefined,
): Promise<number> {
  let count = 0;
  // The cursor reaches its end although migrated documents leave the index.
  const query = { $or: [{ layout: ABSENT }, { layout: { $lt: SCHEMA_VERSION } }] };
  for await (const document of users.find(query, { batchSize: 100 })) {
    if (stopped.aborted) break;
    const { _id, organizationId, version, unmoved } = document;
    const user = toUser(document);
    const { modifiedCount } = await users.replaceOne(
      { _id, organizationId, version },
      { ...toDocument(user, version, accessStateIn(document)), ...(unmoved ? { unmoved } : {}) },
      { maxTimeMS: WRITE_MS },
    );
    await noteHeld(organizationId, user.extensionAttributes, Date.now() + WRITE_MS);
    count += modifiedCount;
  }
  return count;
}
