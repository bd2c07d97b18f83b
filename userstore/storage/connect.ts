/** The connection to MongoDB: one of its own, with the durability every write is acknowledged with. */
import querystring from 'node:querystring';
import mongoose, { type Connection, mongo } from 'mongoose';

/**
 * Connects to the server, replica set or sharded cluster that `uri` names; tries once, for five seconds.
 * A URI that names no database means "leasehawk". `monitorCommands` has the driver tell of each command (commands.ts).
 * Reads go to the primary, which has all that was acknowledged, and perhaps what is not yet: a rule that acknowledges
 * what it has only read confirms it first.
 */
export async function connect(uri: string, { monitorCommands = false } = {}): Promise<Connection> {
  const connection = mongoose.createConnection(uri, {
    ...optionsFor(uri),
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
    ...(monitorCommands ? { monitorCommands } : {}),
  });
  try {
    return await connection.asPromise();
  } catch (error) {
    await connection.destroy();
    throw error;
  }
}

/** What is wrong with a URI that no server has to be asked about, without any part of it but the names of options. */
export function flawOfUri(uri: string): string | undefined {
  try {
    new mongo.MongoClient(uri, optionsFor(uri));
    return undefined;
  } catch (error) {
    return withoutParts(error instanceof Error ? error.message : String(error), uri);
  }
}

/** The driver repeats what it does not understand, which may be a part of the password. */
function withoutParts(message: string, uri: string): string {
  const words = (text: string) => text.match(/[\p{L}\p{N}_-]+/gu) ?? [];
  const parts = new Set([...words(uri), ...words(querystring.unescape(uri))]);
  const names = [
    'mongodb',
    'srv',
    'true',
    'false',
    ...[...uri.matchAll(/[?&](\w+)(?=[=&]|$)/g)].map(([, name = '']) => name),
  ];
  for (const name of names) parts.delete(name);
  return message.replace(/[\p{L}\p{N}_-]+/gu, (word) => (parts.has(word) ? '…' : word));
}

function optionsFor(uri: string): mongo.MongoClientOptions {
  return {
    ...(/^[^:]+:\/\/[^/]+\/[^/?]/.test(uri) ? {} : { dbName: 'leasehawk' }),
    // On a single server "majority" alone does not wait for the journal, and a kill takes acknowledged writes along.
    writeConcern: { w: 'majority', journal: true },
    // Alone this outweighs a "journal=false" in the URI.
    journal: true,
    readPreference: 'primary',
    // "majority" would lag behind on a primary just elected and hide what the one before it has acknowledged.
    readConcernLevel: 'local',
    serverSelectionTimeoutMS: 5000,
    connectTimeoutMS: 5000,
    appName: 'userstore',
  };
}

/**
 * For reads on which something is removed or cleared: what is read is there to stay. A primary that has lost its office
 * shows what the next one will never have had, and what is then done about it is done there.
 */
export const MAJORITY_READ = { readConcern: { level: 'majority' } } as const;

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
export async function orTimeout<T>(deadline: number, call: (maxTimeMS: number) => Promise<T>): Promise<T> {
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
  await orTimeout(deadline, (maxTimeMS) => collection.bulkWrite(writes, { ...options, maxTimeMS }));
}
