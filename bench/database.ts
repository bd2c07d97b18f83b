/** The MongoDB of a run: an embedded mongod with fresh data, or the server that MONGODB_URI_BENCH names. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { findMongod } from '../bin/mongod/find.js';
import { startMongod } from '../bin/mongod.js';

/** A database for one run. */
export interface Database {
  uri: string;
  /** Undefined if the bench did not start the server. */
  pid: number | undefined;
  /** Deletes the data. */
  stop(): Promise<void>;
}

/** Starts a mongod in `folder`, or uses a new database on the named server. */
export async function startDatabase(folder: string, signal: AbortSignal): Promise<Database> {
  const name = `bench-${process.pid}`;
  const given = process.env.MONGODB_URI_BENCH;
  if (given) {
    const [, server = '', query = ''] = /^([^:]+:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(given) ?? [];
    const uri = `${server}/${name}${query}`;
    return { uri, pid: undefined, stop: () => drop(uri) };
  }
  const binary = await findMongod((line) => process.stderr.write(`${line}\n`), signal);
  const dbPath = join(folder, 'mongodb');
  await mkdir(dbPath);
  const { uri, pid, stop } = await startMongod({ binary, dbPath });
  return { uri: `${uri}/${name}`, pid, stop };
}

async function drop(uri: string): Promise<void> {
  const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}
