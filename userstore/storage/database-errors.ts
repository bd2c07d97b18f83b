/** The meaning of MongoDB's errors; code above storage does not know the driver's errors. */
import { MongooseError, mongo } from 'mongoose';

/** Another document has the value of a unique index; `index` is its name. */
export class DuplicateKeyError extends Error {
  constructor(readonly index: string) {
    super(`a unique value of index ${index} is taken`);
  }
}

/** Awaits a write. Throws DuplicateKeyError for a duplicate key. */
export async function withDuplicateKeyError<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof mongo.MongoServerError) || error.code !== 11000) throw error;
    throw new DuplicateKeyError(/index: (\S+)/.exec(error.message)?.[1] ?? 'unknown');
  }
}

/** Awaits inserts and ignores documents that are stored already. */
export async function ignoreDuplicates(inserts: Promise<unknown>): Promise<void> {
  try {
    await inserts;
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    // The driver also wraps failures of the whole call, such as of the network: these name no insert.
    const isOfInserts = failures.length > 0 && !error.result.getWriteConcernError();
    if (!isOfInserts || !failures.every(({ code }) => code === 11000)) throw error;
  }
}

/** Codes of transient server states: stepping down, shutting down, no majority, out of time. */
const TRANSIENT_CODES = new Set([
  6, 7, 50, 64, 89, 91, 100, 112, 133, 150, 189, 202, 262, 317, 9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435,
  13436,
]);

const SOCKET_CODES = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'ENOTFOUND']);

/** Returns whether a connection failed for a permanent reason: the URI itself, its files, the password. */
export function isMisconfigured(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return error.code === 18 || error.code === 8000;
  // A name server that is unreachable, or does not know the name yet: the driver passes its errors on as they are.
  if (error instanceof Error && 'syscall' in error && /^query/.test(String(error.syscall))) return false;
  if (error instanceof mongo.MongoParseError) return true;
  // The driver has no class for a host that it cannot parse.
  if (error instanceof mongo.MongoError && error.name === 'MongoRuntimeError') return true;
  return error instanceof mongo.MongoAPIError || !(error instanceof mongo.MongoError || error instanceof MongooseError);
}

/** Returns whether an error means that the time of a call is over: MongoDB ended it (MaxTimeMSExpired), or its signal did. */
export function isOutOfTime(error: unknown): boolean {
  if (error instanceof mongo.MongoServerError) return error.code === 50;
  if (error instanceof DOMException) return error.name === 'TimeoutError';
  return error instanceof mongo.MongoOperationTimeoutError;
}

/** Returns whether an error means that the database is unreachable or too slow, so that a retry may succeed. */
export function isUnavailable(error: unknown): boolean {
  // Without a code it comes from the driver, which uses this class for failures of bulk writes.
  if (error instanceof mongo.MongoServerError && typeof error.code === 'number') {
    return TRANSIENT_CODES.has(error.code) || error.hasErrorLabel('RetryableWriteError');
  }
  // The deadline passed before the driver started.
  if (error instanceof DOMException && error.name === 'TimeoutError') return true;
  // A connection that breaks during a write shows as the socket's error.
  if (error instanceof Error && 'code' in error && SOCKET_CODES.has(String(error.code))) return true;
  // All other errors of the driver are about connections, server selection or time.
  return error instanceof mongo.MongoError && !(error instanceof mongo.MongoInvalidArgumentError);
}
