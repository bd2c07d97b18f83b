/** The rule of keys that may be used once, such as JWT ids and sign-in states. */
import type { UseOnceRequest } from '../../proto/gen/userstore/v1/session_service.js';
import { invalidField } from '../model/domain-error.js';
import type { UsedKeyStorage } from '../storage/used-keys.js';

const KEY = /^[\w-]{16,128}$/;
/** Longest time that a used key is stored. */
const MAX_LIFETIME_MS = 86_400_000;

/** The rule of used keys. */
export type UsedKeyRules = ReturnType<typeof createUsedKeyRules>;

/** Binds the rule to a storage. `deadline` is in epoch milliseconds. */
export function createUsedKeyRules(storage: UsedKeyStorage) {
  return {
    /** Uses a key, or only looks it up. Returns whether the key was unused. Throws FIELD_INVALID. */
    async use({ key, expireTime, onlyLook }: UseOnceRequest, deadline: number): Promise<boolean> {
      if (!KEY.test(key)) throw invalidField('key', 'A key has 16 to 128 characters of base64url or hexadecimal.');
      if (!expireTime || !(expireTime.getTime() <= Date.now() + MAX_LIFETIME_MS)) {
        throw invalidField('expire_time', 'A key is used up for a time that ends within a day.');
      }
      return onlyLook ? await storage.isUnused(key, deadline) : await storage.use(key, expireTime, deadline);
    },
  };
}
