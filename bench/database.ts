/** The MongoDB of a run: an embedded mongod with fresh data, or the server that MONGODB_URI_BENCH names. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { findMongod } from '../bin/mongod/find.js';
import { startMongod } from '../bin/mongod.js';

/** A database for one run. */
export interface Database {
  uri: string;
  /** Another database on the same server. */
  otherUri: string;
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
    const otherUri = `${server}/${name}-other${query}`;
    const stop = async () => {
      await drop(uri);
      await drop(otherUri);
    };
    return { uri, otherUri, pid: undefined, stop };
  }
  const binary = await findMongod((line) => process.stderr.write(`${line}\n`), signal);
  const dbPath = join(folder, 'mongodb');
  await mkdir(dbPath);
  const { uri, pid, stop } = await startMongod({ binary, dbPath });
  return { uri: `${uri}/${name}`, otherUri: `${uri}/${name}-other`, pid, stop };
}

async function drop(uri: string): Promise<void> {
  const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

/** The commands that read or write documents. */
const COUNTED = ['find', 'getMore', 'aggregate', 'insert', 'update', 'findAndModify', 'delete', 'count', 'bulkWrite'];

/** Counts the commands of a server. */
export interface CommandCount {
  read(): Promise<number>;
  close(): Promise<void>;
}

/** Opens a connection to the server, which counts its commands since its start, those of all processes together. */
export function countCommands(uri: string): CommandCount {
  const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  return {
    async read() {
      const { metrics } = await client.db('admin').command({ serverStatus: 1, metrics: 1 });
      const commands: Record<string, { total?: unknown }> = metrics.commands;
      return COUNTED.reduce((sum, name) => sum + Number(commands[name]?.total ?? 0), 0);
    },
    close: () => client.close(),
  };
}
