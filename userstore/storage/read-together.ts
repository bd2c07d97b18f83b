/**
 * Reads of one document by id that come in together share one command: what an organization asks for in one turn of the
 * event loop is read at once.
 */
import { asCall } from '../deadlines.js';

/** Reads the values of these ids of an organization, by id. `deadline` is in epoch milliseconds. */
type ReadMany<T> = (
  organizationId: string,
  ids: readonly string[],
  deadline: number,
) => Promise<ReadonlyMap<string, T>>;

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

/** Returns a read of one id; undefined if it has no value. */
export function readTogether<T>(readMany: ReadMany<T>) {
  const batches = new Map<string, Batch<T>>();

  const open = (organizationId: string, deadline: number): Batch<T> => {
    const ids = new Set<string>();
    const values: Batch<T>['values'] = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (batches.get(organizationId) === batch) batches.delete(organizationId);
      const read = (deadline: number) => readMany(organizationId, [...ids], deadline);
      // One caller that cancels does not end the read of the others.
      return batch.callers > 1 ? asCall(batch.deadline, read) : read(batch.deadline);
    });
    const batch: Batch<T> = { ids, callers: 0, deadline, values };
    batches.set(organizationId, batch);
    return batch;
  };

  return async (organizationId: string, id: string, deadline: number): Promise<T | undefined> => {
    const found = batches.get(organizationId);
    const batch = found && found.ids.size < MAX_BATCH ? found : open(organizationId, deadline);
    batch.ids.add(id);
    batch.callers++;
    batch.deadline = Math.max(batch.deadline, deadline);
    return (await batch.values).get(id);
  };
}
