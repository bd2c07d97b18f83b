/**
 * Writes that come in together share one command: those that are ready in one turn of the event loop are sent at once.
 * Each still succeeds or fails alone.
 */
import { mongo } from 'mongoose';
import { asCall } from '../deadlines.js';
import { orTimeout } from './connect.js';

/** A write that waits for the command. `deadline` is in epoch milliseconds. */
interface Waiting<D extends mongo.Document> {
  write: mongo.AnyBulkWriteOperation<D>;
  deadline: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** The most writes of one command. */
const MAX_BATCH = 100;

/** Returns the function that makes a write of one document. It throws the driver's errors. */
export function writeTogether<D extends mongo.Document>(collection: mongo.Collection<D>) {
  let waiting: Waiting<D>[] = [];
  const send = () => {
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) void sendAll(collection, batch);
  };
  return (write: mongo.AnyBulkWriteOperation<D>, deadline: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(send);
      if (waiting.push({ write, deadline, resolve, reject }) === MAX_BATCH) send();
    });
}

async function sendAll<D extends mongo.Document>(collection: mongo.Collection<D>, batch: Waiting<D>[]): Promise<void> {
  const writes = batch.map(({ write }) => write);
  const options = { ordered: false, ignoreUndefined: true };
  // The latest deadline: a caller with an early one must not end the writes of the others.
  const latest = Math.max(...batch.map(({ deadline }) => deadline));
  let failureOf: (index: number) => unknown = () => undefined;
  try {
    await asCall(latest, (deadline) =>
      orTimeout(deadline, (maxTimeMS) => collection.bulkWrite(writes, { ...options, maxTimeMS })),
    );
  } catch (error) {
    failureOf = failuresIn(error);
  }
  for (const [index, { resolve, reject }] of batch.entries()) {
    const failure = failureOf(index);
    if (failure === undefined) resolve();
    else reject(failure);
  }
}

/** Returns the error of each write by its index. An error of the whole command is that of every write. */
function failuresIn(error: unknown): (index: number) => unknown {
  if (!(error instanceof mongo.MongoBulkWriteError)) return () => error;
  const failures = new Map([error.writeErrors].flat().map((failure) => [failure.index, failure]));
  // The driver also wraps failures of the whole command, such as of the network: these name no write.
  if (failures.size === 0 || error.result.getWriteConcernError()) return () => error;
  return (index) => {
    const failure = failures.get(index);
    return failure && new mongo.MongoServerError({ message: failure.errmsg ?? '', code: failure.code });
  };
}

/** MongoDB's code of a conversion that fails. */
const CONVERSION_FAILURE = 241;

/**
 * Returns the write that replaces the document that `filter` finds; all stored documents have the field `always`. A
 * command of several updates does not tell which of them found a document. So this one fails if it finds none: MongoDB
 * then evaluates it for a document to insert, which lacks the field, and no id converts to a number.
 */
export function replacement<D extends mongo.Document & { _id: string }>(
  filter: mongo.Filter<D>,
  document: D,
  always: keyof D & string,
): mongo.AnyBulkWriteOperation<D> {
  const isFound = { $ne: [{ $type: `$${always}` }, 'missing'] };
  const update = [{ $replaceWith: { $cond: [isFound, { $literal: document }, { $toInt: '$_id' }] } }];
  return { updateOne: { filter, update, upsert: true } };
}

/** Returns whether a `replacement` found its document. */
export async function hasFound(replacing: Promise<void>): Promise<boolean> {
  try {
    await replacing;
    return true;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === CONVERSION_FAILURE) return false;
    throw error;
  }
}
