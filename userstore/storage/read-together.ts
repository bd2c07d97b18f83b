/**
 * Reads of one document by id that come in together share one command: what an organization asks for in one turn of the
 * event loop is read at once.
 */
import { asCall } from '../deadlines.js';

/** Reads the values of these ids in a scope, such as an organization, by id. `deadline` is in epoch milliseconds. */
type ReadMany<S, T> = (scope: S, ids: readonly string[], deadline: number) => Promise<ReadonlyMap<string, T>>;

/** The ids that one command will read. */
interface Batch<T> {
  ids: Set<string>;
  callers: number;
  /** The latest deadline of the callers: each of them ends at its own. */
  deadline: number;
  values: Promise<ReadonlyMap<string, T>>;
}

/** The most ids of one command. */
const MAX_BATCH = 100;

/** Returns a read of one id; undefined if it has no value. `keyOf` returns what tells scopes apart. */
export function readTogether<T, S = string>(readMany: ReadMany<S, T>, keyOf: (scope: S) => string = String) {
  const batches = new Map<string, Batch<T>>();

  const open = (scope: S, key: string, deadline: number): Batch<T> => {
    const ids = new Set<string>();
    const values: Batch<T>['values'] = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (batches.get(key) === batch) batches.delete(key);
      const read = (deadline: number) => readMany(scope, [...ids], deadline);
      // One caller that cancels does not end the read of the others.
      return batch.callers > 1 ? asCall(batch.deadline, read) : read(batch.deadline);
    });
    const batch: Batch<T> = { ids, callers: 0, deadline, values };
    batches.set(key, batch);
    return batch;
  };

  return async (scope: S, id: string, deadline: number): Promise<T | undefined> => {
    const key = keyOf(scope);
    const found = batches.get(key);
    const batch = found && found.ids.size < MAX_BATCH ? found : open(scope, key, deadline);
    batch.ids.add(id);
    batch.callers++;
    batch.deadline = Math.max(batch.deadline, deadline);
    return (await batch.values).get(id);
  };
}
