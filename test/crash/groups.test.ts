/** userstore finishes half-done changes of groups after a kill. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { addMembers, organizationOf } from '../harness/groups.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('groups while userstore is killed with kill -9', function () {
  this.timeout(60_000);
  const uri = () => testMongodbUri(`crash-groups-${process.pid}`);
  let pair: Pair;
  let store: UserstoreClient;
  let one: ReturnType<typeof organizationOf>;
  let database: mongoose.Connection;

  before(async () => {
    pair = await startPair(uri());
    store = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    one = organizationOf(store, (await createTenant(pair)).organizationId);
    database = await mongoose.createConnection(uri()).asPromise();
  });
  after(async () => {
    store.close();
    await pair.stop();
    await database.dropDatabase();
    await database.close();
  });

  const isBack = () =>
    store.checkHealth({ service: '' }).then(
      ({ status }) => status === 'SERVING',
      () => false,
    );
  const restart = async () => {
    await pair.userstore.start();
    await eventually('userstore is back', isBack);
  };

  it('lose no acknowledged member, and take the same again', async () => {
    const members = await one.users(200);
    const { id } = await one.group();
    const acknowledged: string[] = [];
    const adding = members.map((member) =>
      one.patch(id, addMembers(member)).then(
        () => acknowledged.push(member),
        () => undefined,
      ),
    );
    await eventually('some are acknowledged', async () => acknowledged.length > 20);
    await pair.userstore.stop('SIGKILL');
    await Promise.all(adding);
    await restart();
    const there = await one.members(id);
    expect(there).to.include.members(acknowledged);
    await one.patch(id, addMembers(...members));
    expect(await one.members(id)).to.deep.equal(members);
  });

  it('of removed users and groups leave no membership behind', async () => {
    const [leaver = '', stayer = ''] = await one.users(2);
    const [stays, goes] = [await one.group([leaver, stayer]), await one.group([leaver, stayer])];
    await Promise.all([one.deleteUser(leaver), one.deleteGroup(goes.id)]);
    await pair.userstore.stop('SIGKILL');
    await restart();
    expect(await one.members(stays.id)).to.deep.equal([stayer]);
    expect(await one.members(goes.id)).to.deep.equal([]);
    expect(await one.groupsOf(stayer)).to.deep.equal([stays.displayName]);
    const memberships = database.collection('memberships');
    const left = { $or: [{ userId: leaver }, { groupId: goes.id }] };
    await eventually('the memberships are swept', async () => (await memberships.countDocuments(left)) === 0);
    expect(await memberships.countDocuments({ groupId: stays.id })).to.equal(1);
  });
});
