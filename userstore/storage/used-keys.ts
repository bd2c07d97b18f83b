/** The used keys collection, for all organizations. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import { insertAll, leanWithin } from './model-calls.js';
import type { UsedKeyDocument } from './sign-in-schemas.js';

/** The storage of used keys. */
export type UsedKeyStorage = ReturnType<typeof createUsedKeyStorage>;

/** Creates the storage of used keys; MongoDB deletes each key when it expires. */
export function createUsedKeyStorage(usedKeys: Model<UsedKeyDocument>) {
  return {
    /** Uses a key. Returns false if it was used before; of concurrent calls one returns true. */
    async use(key: string, expireTime: Date, deadline: number): Promise<boolean> {
      try {
        await withDuplicateKeyError(insertAll(usedKeys, [{ _id: key, expireTime }], deadline));
        return true;
      } catch (error) {
        if (error instanceof DuplicateKeyError) return false;
        throw error;
      }
    },

    /** Returns whether the key has not been used. */
    async isUnused(key: string, deadline: number): Promise<boolean> {
      return (await usedKeys.findOne({ _id: key }, null, leanWithin(deadline))) === null;
    },
  };
}
