/** What MongoDB's failures mean; nothing above storage knows the driver's errors. */
import { MongooseError, mongo } from 'mongoose';

/** Another document has the unique value; `index` is the name of the index that says so. */
export class DuplicateKeyError extends Error {
  constructor(readonly index: string) {
    super(`a unique value of index ${index} is taken`);
  }
}

/** Runs a write and turns a duplicate key into Taken. */
export async function withDuplicateKeyError<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== 11000) throw error;
    throw new DuplicateKeyError(/index: (\S+)/.exec(error.message)?.[1] ?? 'unknown');
  }
}

/** Runs inserts of which some may have been made before: those that were are no error. */
export async function ignoreDuplicates(inserts: Promise<unknown>): Promise<void> {
  try {
    await inserts;
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    // The driver wraps failures of the whole call too, of the network for one: these name no insert.
    const isOfInserts = failures.length > 0 && !error.result.getWriteConcernError();
    if (!isOfInserts || !failures.every(({ code }) => code === 11000)) throw error;
  }
}

/** Server states that pass: stepping down, shutting down, no majority, out of time. */
const PASSING_CODES = new Set([
  6, 7, 50, 64, 89, 91, 100, 112, 133, 150, 189, 202, 262, 317, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435,
  13436,
]);

const SOCKET_CODES = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND']);

/** Whether a connection failed for a reason that waiting does not mend: the URI itself, its files, the password. */
export function isMisconfigured(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return error.code === 18 || error.code === 8000;
  // A name server that is away, or does not know a name yet: the driver leaves its errors as they are.
  if (error instanceof Error && 'syscall' in error && /^query/.test(String(error.syscall))) return false;
  if (error instanceof mongo.MongoParseError) return true;
  // A host that cannot be parsed is a runtime error of no class of its own.
  if (error instanceof mongo.MongoError && error.name === 'MongoRuntimeError') return true;
  return error instanceof mongo.MongoAPIError || !(error instanceof mongo.MongoError || error instanceof MongooseError);
}

/** Whether an error says that the database is away or late, so that trying again later may succeed. */
export function isUnavailable(error: unknown): boolean {
  // Without a code it is no server's, but the driver's, which calls what fails in a bulk write so.
  if (error instanceof mongo.MongoServerError && typeof error.code === 'number') {
    return PASSING_CODES.has(error.code) || error.hasErrorLabel('RetryableWriteError');
  }
  // A deadline that passed before the driver had begun.
  if (error instanceof DOMException && error.name === 'TimeoutError') return true;
  // A connection that breaks while it is written to shows as the socket's own error.
  if (error instanceof Error && 'code' in error && SOCKET_CODES.has(String(error.code))) return true;
  // Whatever else the driver throws speaks of connections, server selection or time.
  return error instanceof mongo.MongoError && !(error instanceof mongo.MongoInvalidArgumentError);
}
