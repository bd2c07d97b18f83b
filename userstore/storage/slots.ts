/** Slots bound the documents of one owner: a unique index named "slot" gives each slot to one document. */
import type { Model } from 'mongoose';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import { validatedWithin } from './model-calls.js';

/**
 * Inserts a document with the first slot of `count` that is free, and returns it. `documentIn` returns the document with
 * a slot. Throws DuplicateKeyError("slot") if all slots are in use.
 */
export async function insertInFreeSlot<D>(
  count: number,
  documentIn: (slot: number) => D,
  insert: (document: D) => Promise<void>,
): Promise<D> {
  for (let slot = 0; slot < count; slot++) {
    const document = documentIn(slot);
    try {
      await withDuplicateKeyError(insert(document));
      return document;
    } catch (error) {
      if (!(error instanceof DuplicateKeyError) || error.index !== 'slot') throw error;
    }
  }
  throw new DuplicateKeyError('slot');
}

/** Takes the slots of an organization's documents that expire at `now` or earlier: others may need them. */
export async function freeExpiredSlots<D extends { organizationId: string; expireTime?: Date | undefined }>(
  model: Model<D>,
  organizationId: string,
  now: Date,
  deadline: number,
): Promise<void> {
  const expired = { organizationId, slot: { $exists: true }, expireTime: { $lte: now } };
  await model.updateMany(expired, { $unset: { slot: '' } }, validatedWithin(deadline));
}
