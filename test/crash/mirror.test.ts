/** The client's mirror is right while its connections are cut and userstores are killed; the benchmark does more of each. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { testMongodbUri } from '../harness/mongod.js';
import { checkMirror } from './mirror-check.js';

describe('a mirror of users while connections are cut and userstores are killed with kill -9', () => {
  const uri = () => testMongodbUri(`crash-mirror-${process.pid}`);
  after(async () => {
    const database = await mongoose.createConnection(uri()).asPromise();
    await database.dropDatabase();
    await database.close();
  });

  it('has what ListUsers returns, over restarts too, and so has a listener of its changes', async () => {
    const { faults, acknowledged, users } = await checkMirror({ mongodbUri: uri(), changes: 600, cuts: 6, kills: 2 });
    expect(faults).to.deep.equal([]);
    expect(acknowledged).to.be.at.least(600);
    expect(users).to.be.at.least(20);
  }).timeout(240_000);
});
