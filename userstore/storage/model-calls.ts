/** Calls of mongoose models: lean reads and validated writes, each ending at its `deadline` (epoch milliseconds). */
import { type Model, Error as MongooseErrors, type Schema } from 'mongoose';
import { orTimeout, within } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';

/** Options of a read: it returns plain objects. */
export const leanWithin = (deadline: number) => ({ lean: true, ...within(deadline) }) as const;

/** Options of an update: the validators of the schema run on the values that it sets. */
export const validatedWithin = (deadline: number) => ({ runValidators: true, ...within(deadline) }) as const;

/** Options of an update that returns the document it has made. */
export const updatedWithin = (deadline: number) =>
  ({ returnDocument: 'after', ...leanWithin(deadline), ...validatedWithin(deadline) }) as const;

/**
 * Inserts documents, each validated by mongoose. Throws the driver's error for duplicates. `insertMany` is the only
 * insert of mongoose that tells the server how long it may take.
 */
export async function insertAll<D>(model: Model<D>, documents: D[], deadline: number): Promise<void> {
  await orTimeout(deadline, (maxTimeMS) => {
    const options = { ordered: false, throwOnValidationError: true, maxTimeMS };
    return model.insertMany(documents, options);
  });
}

/**
 * Inserts many flat documents, `size` in each command, since each command is prepared in one turn of the event loop;
 * ignores those that are stored already. Mongoose's own validation makes a mongoose document of each, at several times
 * the cost of the insert; here the schema checks and casts plain objects. Throws as `insertAll`.
 */
export async function insertNew<D extends object>(
  model: Model<D>,
  documents: readonly D[],
  size: number,
  deadline: number,
): Promise<void> {
  for (let start = 0; start < documents.length; start += size) {
    const checked = documents.slice(start, start + size).map((document) => checkedBy(model.schema, document));
    const insert = orTimeout(deadline, (maxTimeMS) => {
      const options = { ordered: false, lean: true, maxTimeMS };
      return model.insertMany(checked, options);
    });
    await ignoreDuplicates(insert);
  }
}

/** Returns the document as the schema casts it. Throws if it has an unknown field or lacks a required one. */
function checkedBy<D extends object>(schema: Schema, document: D): D {
  const cast: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(document)) {
    const type = schema.paths[path];
    if (!type) throw new MongooseErrors.StrictModeError(path);
    if (value !== undefined) cast[path] = type.cast(value);
  }
  for (const path of schema.requiredPaths()) {
    if (cast[path] === undefined) throw new MongooseErrors.ValidatorError({ path, type: 'required' });
  }
  return cast as D;
}
