/** The encryption of stored secrets with the current key, after an operator has put a new key before the old ones. */
import type { Sealer } from './sealing.js';

/** A secret as stored, and the write that replaces it unless it has changed: it returns false then. */
export interface StoredSecret {
  sealed: string;
  context: string;
  replace: (resealed: string) => Promise<boolean>;
}

/** The number of secrets that were encrypted, and of those whose key this userstore lacks. */
export interface Resealed {
  sealed: number;
  lost: number;
}

/** Encrypts all secrets with the current key. */
export async function resealAll(secrets: AsyncIterable<StoredSecret>, sealer: Sealer): Promise<Resealed> {
  const count = { sealed: 0, lost: 0 };
  for await (const { sealed, context, replace } of secrets) {
    if (sealer.isCurrent(sealed)) continue;
    if (!sealer.hasKey(sealed)) {
      count.lost++;
      continue;
    }
    if (await replace(sealer.seal(sealer.open(sealed, context), context))) count.sealed++;
  }
  return count;
}
