/** Whether the database does what it is for: takes a write, durably, and gives it back. */
import { randomUUID } from 'node:crypto';
import type { Connection, mongo } from 'mongoose';
import { within } from './connect.js';

/** A document that nobody but one process writes, so that processes are not in each other's way. */
interface ProbeDocument {
  _id: string;
  time: Date;
}

/** In seconds: what a process that is gone has left is removed by the database. */
const KEPT = 3600;

/** Makes what probes need; again and again without harm. */
export async function prepareProbes(connection: Connection): Promise<void> {
  await probesOf(connection).createIndex({ time: 1 }, { expireAfterSeconds: KEPT, name: 'expiry' });
}

/** A probe that ends within `timeoutMs`, with true where the write was acknowledged as all writes are and read back. */
export function createDatabaseProbe(connection: Connection, timeoutMs: number): () => Promise<boolean> {
  const _id = randomUUID();
  return async () => {
    const time = new Date();
    const deadline = Date.now() + timeoutMs;
    try {
      const probes = probesOf(connection);
      await probes.updateOne({ _id }, { $set: { time } }, { upsert: true, ...within(deadline) });
      const found = await probes.findOne({ _id }, within(deadline));
      return found?.time.getTime() === time.getTime();
    } catch {
      return false;
    }
  };
}

const probesOf = (connection: Connection) =>
  connection.collection('probes') as unknown as mongo.Collection<ProbeDocument>;
