/** The collection of what was used up, whichever organization it is of. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, mongo } from 'mongoose';
import { within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import type { UsedKeyDocument } from './sign-in-models.js';

/** What used keys are stored in. */
export type UsedKeyStorage = ReturnType<typeof createUsedKeyStorage>;

/** The operations on a used keys collection; the database removes each key after its time. */
export function createUsedKeyStorage(model: Model<UsedKeyDocument>) {
  const collection = model.collection as unknown as mongo.Collection<UsedKeyDocument>;

  return {
    /** Uses a key; whether nobody has before. Of several who do it at once, one is the first. */
    async use(key: string, expireTime: Date, deadline: number): Promise<boolean> {
      try {
        await withDuplicateKeyError(collection.insertOne({ _id: key, expireTime }, within(deadline)));
        return true;
      } catch (error) {
        if (error instanceof DuplicateKeyError) return false;
        throw error;
      }
    },

    /** Whether nobody has used the key. */
    async isUnused(key: string, deadline: number): Promise<boolean> {
      return (await collection.findOne({ _id: key }, within(deadline))) === null;
    },
  };
}
