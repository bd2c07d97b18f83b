/** The size of events in the database, measured with up to 50,000 and scaled to a million. */
import { mongo } from 'mongoose';
import type { Keep, Setting } from '../chains.js';
import { table } from '../report.js';
import { change, createPeople, type Person, startUserstores } from './deployment.js';

const EVENTS = 50_000;
const WRITERS = 32;
const LONGEST_MS = 120_000;
const MILLION = 1_000_000;

/** Makes changes of users, and measures the events. Returns a table. */
export async function measureSize(mongodbUri: string, setting: Setting, keep: Keep): Promise<string> {
  const uri = `${mongodbUri}-size`;
  const deployment = await startUserstores(uri, setting, keep);
  const people = await createPeople(deployment, 1);
  const end = performance.now() + LONGEST_MS;
  let next = 0;
  const write = async (writer: number) => {
    const store = deployment.stores[writer % 2];
    for (let own = writer; store && next < EVENTS && performance.now() < end; own += WRITERS) {
      next++;
      await change(store, people[own % people.length] as Person);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  setting.signal.throwIfAborted();
  const client = await new mongo.MongoClient(uri).connect();
  try {
    // The sizes of files are those of the last checkpoint.
    await client.db('admin').command({ fsync: 1 });
    const events = client.db().collection('events');
    const [{ storageStats: stats } = { storageStats: {} }] = await events
      .aggregate<{ storageStats: Record<string, number> }>([{ $collStats: { storageStats: {} } }])
      .toArray();
    const { count = 0, avgObjSize = 0, storageSize = 0, totalIndexSize = 0 } = stats;
    const scaled = (bytes: number) => `${((bytes / count) * (MILLION / 1024 ** 2)).toFixed(0)} MiB`;
    const rows = [
      ['documents, before compression', `${avgObjSize.toFixed(0)} bytes`, scaled(avgObjSize * count)],
      ['documents on the disk', `${(storageSize / count).toFixed(0)} bytes`, scaled(storageSize)],
      ['indexes on the disk', `${(totalIndexSize / count).toFixed(0)} bytes`, scaled(totalIndexSize)],
    ];
    const head = ['', 'an event', 'a million events, scaled'];
    return `Measured with ${count} events, each a change of a title with the user after it:\n\n${table([head, ...rows])}`;
  } finally {
    await client.close();
  }
}
