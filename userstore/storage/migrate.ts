/** The migration of documents that earlier versions of userstore wrote. */
import type { mongo } from 'mongoose';
import { visibleName } from '../model/names.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import type { GroupDocument, UserDocument } from './directory-schemas.js';
import { accessStateIn, SCHEMA_VERSION, TOMBSTONE_ORGANIZATION, toDocument, toUser } from './documents.js';
import type { NoteHeld } from './held-attributes.js';
import { ABSENT } from './schema.js';

/** Longest time of one write. */
const WRITE_MS = 10_000;

/** The documents of an older schema version. An index finds them, so that a start with nothing to do reads none. */
const OUTDATED = { $or: [{ layout: ABSENT }, { layout: { $lt: SCHEMA_VERSION } }] };

/**
 * Migrates the users of an older schema version, of all organizations, to the current one. Returns their number. Each
 * write replaces only the version that was read: users may change meanwhile, several userstores may migrate at once,
 * and the migration may be interrupted. Until it is done, filters and orders that earlier versions did not offer may
 * skip these users, and a new user may get a name that looks like one of theirs. `noteHeld` notes the extension
 * attributes of each user.
 */
export async function migrateUsers(
  users: mongo.Collection<UserDocument>,
  stopped: AbortSignal,
  noteHeld: NoteHeld = async () => undefined,
): Promise<number> {
  let count = 0;
  // The cursor reaches its end although migrated documents leave the index.
  for await (const document of users.find(OUTDATED, { batchSize: 100 })) {
    if (stopped.aborted) break;
    const { _id, organizationId, version, unmoved } = document;
    const filter = { _id, organizationId, version };
    if (organizationId === TOMBSTONE_ORGANIZATION) {
      count += await modified(users.updateOne(filter, { $set: { layout: SCHEMA_VERSION } }, { maxTimeMS: WRITE_MS }));
      continue;
    }
    const user = toUser(document);
    const migrated = { ...toDocument(user, version, accessStateIn(document)), ...(unmoved ? { unmoved } : {}) };
    const { visibleName: _, ...twin } = migrated;
    const replace = (by: UserDocument) => modified(users.replaceOne(filter, by, { maxTimeMS: WRITE_MS }));
    count += await orAsTwin(
      () => replace(migrated),
      () => replace(twin),
    );
    await noteHeld(organizationId, user.extensionAttributes, Date.now() + WRITE_MS);
  }
  return count;
}

/** Migrates the groups of an older schema version, as migrateUsers does users. Returns their number. */
export async function migrateGroups(groups: mongo.Collection<GroupDocument>, stopped: AbortSignal): Promise<number> {
  let count = 0;
  for await (const { _id, organizationId, displayName } of groups.find(OUTDATED, { batchSize: 100 })) {
    if (stopped.aborted) break;
    const set = (values: Partial<GroupDocument>) =>
      modified(
        groups.updateOne(
          { _id, organizationId, displayName: displayName ?? ABSENT },
          { $set: { layout: SCHEMA_VERSION, ...values } },
          { maxTimeMS: WRITE_MS },
        ),
      );
    count += await orAsTwin(
      () => set(displayName === undefined ? {} : { visibleName: visibleName(displayName) }),
      () => set({}),
    );
  }
  return count;
}

/** Returns the result of `write`, or of `writeTwin` if the visible name is that of another. */
async function orAsTwin(write: () => Promise<number>, writeTwin: () => Promise<number>): Promise<number> {
  try {
    return await withDuplicateKeyError(write());
  } catch (error) {
    if (!(error instanceof DuplicateKeyError) || error.index !== 'visibleName') throw error;
    return await writeTwin();
  }
}

const modified = async (write: Promise<{ modifiedCount: number }>): Promise<number> => (await write).modifiedCount;
