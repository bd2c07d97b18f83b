/** The meaning of database errors: of repeated inserts, and of connections with a permanent fault. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { mongo } from 'mongoose';
import { ignoreDuplicates, isMisconfigured, isUnavailable } from '../../userstore/storage/database-errors.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Database, openDatabase } from './database.js';

interface Numbered {
  _id: number;
}

describe('repeated inserts', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('errors');
  });
  after(() => database.close());

  const insert = (to: mongo.Collection<Numbered>, numbers: number[], options: mongo.BulkWriteOptions = {}) =>
    ignoreDuplicates(
      to.bulkWrite(
        numbers.map((_id) => ({ insertOne: { document: { _id } } })),
        { ordered: false, ...options },
      ),
    );
  const failureOf = (call: Promise<void>) => call.catch((error: unknown) => error);
  const numbers = () => database.connection.collection<Numbered>('numbers');

  it('store what is missing', async () => {
    await insert(numbers(), [1, 2]);
    await insert(numbers(), [1, 2, 3]);
    await insert(numbers(), [1, 2, 3]);
    expect(await numbers().countDocuments()).to.equal(3);
  });

  it('fail when the connection breaks, like those to an unreachable database', async () => {
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

  it('fail when one of them is invalid, even if all others are stored', async () => {
    const large = { insertOne: { document: { _id: 5, text: 'x'.repeat(17 * 1024 * 1024) } } };
    const call = ignoreDuplicates(
      numbers().bulkWrite([{ insertOne: { document: { _id: 1 } } }, large], { ordered: false }),
    );
    expect(await failureOf(call)).to.be.an.instanceOf(Error);
  });
});

describe('a connection that fails', () => {
  const failed = (uri: string) =>
    new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 100 }).connect().then(
      () => undefined,
      (error: unknown) => error,
    );
  const ofNames = (code: string) => Object.assign(new Error(code), { code, syscall: 'querySrv' });

  it('is retried if servers or name servers may come back', async () => {
    expect(isMisconfigured(await failed('mongodb://127.0.0.1:1/x'))).to.equal(false);
    for (const code of ['ETIMEOUT', 'ESERVFAIL', 'ENOTFOUND']) expect(isMisconfigured(ofNames(code))).to.equal(false);
  });

  it('is not retried if the URI is at fault: an option, a file, the password', async () => {
    expect(isMisconfigured(new mongo.MongoParseError('option bogus is not supported'))).to.equal(true);
    expect(isMisconfigured(await failed('mongodb://127.0.0.1:1/x?tls=true&tlsCAFile=/nope'))).to.equal(true);
    expect(isMisconfigured(await failed(testMongodbUri('x').replace('://', '://somebody:wrong@')))).to.equal(true);
  });
});
