/** The health probe of the database: a durable write, read back. */
import { randomUUID } from 'node:crypto';
import type { Connection, mongo } from 'mongoose';
import { within } from './connect.js';

/** The document of one process, so that processes do not disturb each other. */
interface ProbeDocument {
  _id: string;
  time: Date;
}

/** MongoDB deletes the document of a process that has ended after this time. */
const KEPT_SECONDS = 3600;

/** Creates the index of the probes; idempotent. */
export async function prepareProbes(connection: Connection): Promise<void> {
  await probesOf(connection).createIndex({ time: 1 }, { expireAfterSeconds: KEPT_SECONDS, name: 'expiry' });
}

/** Creates a probe that ends within `timeoutMs`. It returns true if a write was acknowledged durably and read back. */
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

const probesOf = (connection: Connection): mongo.Collection<ProbeDocument> =>
  connection.getClient().db(connection.name).collection('probes');
