/** The event log is right while userstores and edges are killed; the benchmark kills more often, and databases too. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { testMongodbUri } from '../harness/mongod.js';
import { checkEventLog } from './event-log/check.js';

const KILLS = 6;

describe('the event log while userstores and edges are killed with kill -9', () => {
  const uri = () => testMongodbUri(`crash-events-${process.pid}`);
  after(async () => {
    const database = await mongoose.createConnection(uri()).asPromise();
    await database.dropDatabase();
    await database.close();
  });

  it('tells every watcher what GET shows, each version once and in order, and every acknowledged change', async () => {
    const { faults, acknowledged, events, kills } = await checkEventLog({ mongodbUri: uri(), kills: KILLS });
    expect(faults).to.deep.equal([]);
    expect(acknowledged).to.be.at.least(KILLS * 30);
    expect(events).to.be.at.least(acknowledged / 2);
    expect(kills).to.deep.equal({ userstore: 3, edge: 3 });
  }).timeout(240_000);
});
