/** Calls of mongoose models: lean reads and validated writes, each ending at its `deadline` (epoch milliseconds). */
import type { Model } from 'mongoose';
import { orTimeout, within } from './connect.js';

/** Options of a read: it returns plain objects. */
export const leanWithin = (deadline: number) => ({ lean: true, ...within(deadline) }) as const;

/** Options of an update: the validators of the schema run on the values that it sets. */
export const validatedWithin = (deadline: number) => ({ runValidators: true, ...within(deadline) }) as const;

/** Options of an update that returns the document it has made. */
export const updatedWithin = (deadline: number) =>
  ({ returnDocument: 'after', ...leanWithin(deadline), ...validatedWithin(deadline) }) as const;

/**
 * Inserts documents in one command, the valid ones even if others are not. Throws mongoose's error for invalid ones,
 * the driver's for duplicates. `insertMany` is the only insert of mongoose that tells the server how long it may take.
 */
export async function insertAll<D>(model: Model<D>, documents: D[], deadline: number): Promise<void> {
  await orTimeout(deadline, (maxTimeMS) => {
    const options = { ordered: false, throwOnValidationError: true, maxTimeMS };
    return model.insertMany(documents, options);
  });
}
