/** The look into all outboxes that an idle userstore repeats. */
import { expect } from 'chai';
import type { mongo } from 'mongoose';
import { createStorages } from '../../userstore/storages.js';
import { DAYS, type Database, openDatabase, soon } from './database.js';

describe('the look into all outboxes', () => {
  let database: Database;
  before(async () => {
    database = await openDatabase('outboxes');
  });
  after(() => database.close());

  it('finds a change of a user, of a group and of each kind of record, by one command', async () => {
    const { isAnyOutboxFilled } = createStorages(database.collections, { activityDays: DAYS, eventDays: DAYS });
    const look = () => isAnyOutboxFilled(soon());
    expect(await look()).to.equal(false);
    const { records, outboxes } = database.collections;
    const collections = Object.values({ ...records, ...outboxes }) as unknown as mongo.Collection[];
    expect(collections).to.have.length(8);
    for (const collection of collections) {
      const { insertedId: _id } = await collection.insertOne({ organizationId: 'one', unmoved: [{ version: 1 }] });
      expect(await look(), collection.collectionName).to.equal(true);
      await collection.updateOne({ _id }, { $unset: { unmoved: '' } });
      expect(await look(), collection.collectionName).to.equal(false);
    }
    expect(await database.commandsOf(look)).to.have.length(1);
  });
});
