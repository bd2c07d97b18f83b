/** Inserts of which some may have been made before succeed only if all are there, whatever the driver calls a failure. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { mongo } from 'mongoose';
import { isUnavailable, unlessThere } from '../../userstore/storage/errors.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Database, openDatabase } from './database.js';

interface Numbered {
  _id: number;
}

describe('inserts of which some may have been made before', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('errors');
  });
  after(() => database.close());

  const insert = (to: mongo.Collection<Numbered>, numbers: number[], options: mongo.BulkWriteOptions = {}) =>
    unlessThere(
      to.bulkWrite(
        numbers.map((_id) => ({ insertOne: { document: { _id } } })),
        { ordered: false, ...options },
      ),
    );
  const failureOf = (call: Promise<void>) => call.catch((error: unknown) => error);
  const numbers = () => database.connection.collection<Numbered>('numbers');

  it('are made where they were not', async () => {
    await insert(numbers(), [1, 2]);
    await insert(numbers(), [1, 2, 3]);
    await insert(numbers(), [1, 2, 3]);
    expect(await numbers().countDocuments()).to.equal(3);
  });

  it('fail when the connection breaks, as those of a database that is away', async () => {
    const through = new URL(testMongodbUri('errors'));
    const relay = createServer((socket) => socket.pipe(connect(Number(through.port), through.hostname)).pipe(socket));
    await once(relay.listen(0, '127.0.0.1'), 'listening');
    const sockets = new Set<Socket>();
    relay.on('connection', (socket: Socket) => sockets.add(socket));
    const uri = `mongodb://127.0.0.1:${(relay.address() as AddressInfo).port}`;
    const client = new mongo.MongoClient(uri, { directConnection: true, serverSelectionTimeoutMS: 500 });
    try {
      const collection = client.db(database.connection.name).collection<Numbered>('numbers');
      await collection.countDocuments();
      relay.close();
      for (const socket of sockets) socket.destroy();
      const failure = await failureOf(insert(collection, [1]));
      expect(failure).to.be.an.instanceOf(mongo.MongoBulkWriteError);
      expect(isUnavailable(failure)).to.equal(true);
    } finally {
      await client.close();
    }
  });

  it('fail when the database refuses them all at once', async () => {
    const tooMany = { writeConcern: new mongo.WriteConcern(50, 1000) };
    expect(await failureOf(insert(numbers(), [4], tooMany))).to.be.an.instanceOf(mongo.MongoBulkWriteError);
  });

  it('fail when one of them is not to be stored, though all others are there', async () => {
    const large = { insertOne: { document: { _id: 5, text: 'x'.repeat(17 * 1024 * 1024) } } };
    const call = unlessThere(numbers().bulkWrite([{ insertOne: { document: { _id: 1 } } }, large], { ordered: false }));
    expect(await failureOf(call)).to.be.an.instanceOf(Error);
  });
});
