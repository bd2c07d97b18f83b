/** The connection to MongoDB: one of its own, with the durability every write is acknowledged with. */
import mongoose, { type Connection, type mongo } from 'mongoose';

/**
 * Connects to the server, replica set or sharded cluster that `uri` names; tries once, for five seconds.
 * A URI that names no database means "leasehawk". `monitorCommands` has the driver tell of each command (commands.ts).
 * Reads go to the primary, which has all that was acknowledged, and perhaps what is not yet: a rule that acknowledges
 * what it has only read confirms it first.
 */
export async function connect(uri: string, { monitorCommands = false } = {}): Promise<Connection> {
  const connection = mongoose.createConnection(uri, {
    ...(/^[^:]+:\/\/[^/]+\/[^/?]/.test(uri) ? {} : { dbName: 'leasehawk' }),
    // On a single server "majority" alone does not wait for the journal, and a kill takes acknowledged writes along.
    writeConcern: { w: 'majority', journal: true },
    // Alone this outweighs a "journal=false" in the URI.
    journal: true,
    readPreference: 'primary',
    // "majority" would lag behind on a primary just elected and hide what the one before it has acknowledged.
    readConcernLevel: 'local',
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    serverSelectionTimeoutMS: 5000,
    connectTimeoutMS: 5000,
    appName: 'userstore',
    ...(monitorCommands ? { monitorCommands } : {}),
  });
  try {
    return await connection.asPromise();
  } catch (error) {
    await connection.destroy();
    throw error;
  }
}

/**
 * For reads on which something is removed or cleared: what is read is there to stay. A primary that has lost its office
 * shows what the next one will never have had, and what is then done about it is done there.
 */
export const TO_STAY = { readConcern: { level: 'majority' } } as const;

/**
 * The options that end a database call at `deadline` (epoch milliseconds), on both sides. The driver's own `timeoutMS`
 * does nothing in its present version.
 */
export function within(deadline: number): { signal: AbortSignal; maxTimeMS: number } {
  const ms = Math.floor(deadline - Date.now());
  if (ms > 0) return { signal: AbortSignal.timeout(ms), maxTimeMS: ms };
  // Too late to begin: a change that nobody waits for any more must not be made.
  return { signal: AbortSignal.abort(new DOMException('the deadline has passed', 'TimeoutError')), maxTimeMS: 1 };
}

/** What a call comes to that the driver cannot be told to end, if it does by `deadline`; the call itself goes on. */
export async function orLate<T>(deadline: number, call: (maxTimeMS: number) => Promise<T>): Promise<T> {
  const { signal, maxTimeMS } = within(deadline);
  signal.throwIfAborted();
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return await Promise.race([call(maxTimeMS), late]);
}

/** Does writes that do not depend on each other, in one call that ends at `deadline`; the driver's own is not aborted. */
export async function writeAll<T extends mongo.Document>(
  collection: mongo.Collection<T>,
  writes: mongo.AnyBulkWriteOperation<T>[],
  deadline: number,
): Promise<void> {
  const options = { ordered: false, ignoreUndefined: true };
  await orLate(deadline, (maxTimeMS) => collection.bulkWrite(writes, { ...options, maxTimeMS }));
}
