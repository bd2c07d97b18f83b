/** The connection to MongoDB, with the durability of all writes, and the deadlines of calls. */
import querystring from 'node:querystring';
import mongoose, { type Connection, mongo } from 'mongoose';
import { orAborted, signalUntil } from '../deadlines.js';

/**
 * Connects to the server, replica set or sharded cluster that `uri` names; tries once, for five seconds. A URI without
 * a database means "leasehawk". With `monitorCommands` the driver reports each command (commands.ts). Reads go to the
 * primary, which has every acknowledged write and perhaps writes that are not acknowledged yet: a rule that
 * acknowledges a state that it has only read confirms it first.
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

/** Returns why the driver rejects a URI, if it does; the message quotes no part of the URI but names of options. */
export function flawOfUri(uri: string): string | undefined {
  try {
    new mongo.MongoClient(uri, optionsFor(uri));
    return undefined;
  } catch (error) {
    return withoutParts(error instanceof Error ? error.message : String(error), uri);
  }
}

/** Masks the parts of the URI in a message: the driver quotes text that it cannot parse, perhaps of the password. */
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
    // On a single server "majority" alone does not wait for the journal: a kill would lose acknowledged writes.
    writeConcern: { w: 'majority', journal: true },
    // Only this option overrides "journal=false" in the URI.
    journal: true,
    readPreference: 'primary',
    // On a newly elected primary "majority" would lag and hide writes that the previous primary has acknowledged.
    readConcernLevel: 'local',
    serverSelectionTimeoutMS: 5000,
    connectTimeoutMS: 5000,
    appName: 'userstore',
  };
}

/**
 * Options of reads that lead to a deletion: the documents read will not be rolled back. A deposed primary returns
 * documents that its successor never had, but the deletion would be made at the successor.
 */
export const MAJORITY_READ = { readConcern: { level: 'majority' } } as const;

/**
 * Returns the options that end a database call at `deadline` (epoch milliseconds), here and at the server. The driver's
 * `timeoutMS` has no effect in its current version.
 */
export function within(deadline: number): { signal: AbortSignal; maxTimeMS: number } {
  return { signal: signalUntil(deadline), maxTimeMS: Math.max(1, Math.floor(deadline - Date.now())) };
}

/** Returns the result of a call that the driver cannot abort. Throws at `deadline`, but the call continues. */
export async function orTimeout<T>(deadline: number, call: (maxTimeMS: number) => Promise<T>): Promise<T> {
  const { signal, maxTimeMS } = within(deadline);
  signal.throwIfAborted();
  return await orAborted(signal, call(maxTimeMS));
}

/** Makes independent writes in one call that ends at `deadline`. The driver cannot abort bulk writes. */
export async function writeAll<T extends mongo.Document>(
  collection: mongo.Collection<T>,
  writes: mongo.AnyBulkWriteOperation<T>[],
  deadline: number,
): Promise<void> {
  const options = { ordered: false, ignoreUndefined: true };
  await orTimeout(deadline, (maxTimeMS) => collection.bulkWrite(writes, { ...options, maxTimeMS }));
}
