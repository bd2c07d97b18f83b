/** The rule of what may be used once. */
import type { UseOnceRequest } from '../../proto/gen/userstore/v1/session_service.js';
import { invalidField } from '../model/domain-error.js';
import type { UsedKeyStorage } from '../storage/used-keys.js';

const KEY = /^[\w-]{16,128}$/;
/** The longest that a key is remembered, in milliseconds. */
const MAX_LIFETIME = 86_400_000;

/** The rule over a storage. */
export type UsedKeyRules = ReturnType<typeof createUsedKeyRules>;

/** Binds the rule to where used keys are stored. `deadline` is in epoch milliseconds. */
export function createUsedKeyRules(storage: UsedKeyStorage) {
  return {
    /** Uses a key, or only looks at it; whether this is the first time. Throws FIELD_INVALID. */
    async use({ key, expireTime, onlyLook }: UseOnceRequest, deadline: number): Promise<boolean> {
      if (!KEY.test(key)) throw invalidField('key', 'A key has 16 to 128 characters of base64url or hexadecimal.');
      if (!expireTime || !(expireTime.getTime() <= Date.now() + MAX_LIFETIME)) {
        throw invalidField('expire_time', 'A key is used up for a time that ends within a day.');
      }
      return onlyLook ? await storage.isUnused(key, deadline) : await storage.use(key, expireTime, deadline);
    },
  };
}
