/** The users and groups of a deleted organization: no caller sees them, from the deletion to the purge. */
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('a deleted organization', () => {
  let services: { userstore: Service; address: string }[];
  let admin: UserstoreClient;
  let readers: UserstoreClient[];

  before(async () => {
    const uri = testMongodbUri('deleted-organization');
    services = await Promise.all([startUserstore(uri), startUserstore(uri)]);
    admin = userstoreClient(services[0]?.address ?? '', SERVICE_TOKENS.admin);
    readers = services.map(({ address }) => userstoreClient(address, SERVICE_TOKENS.reader));
  });
  after(async () => {
    for (const client of [admin, ...readers]) client.close();
    await Promise.all(services.map(({ userstore }) => userstore.stop()));
  });

  it('shows no user or group: at once at the userstore that deleted it, within 3 seconds at the others', async () => {
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    const organizationId = organization?.id ?? '';
    const { user } = await admin.createUser({ organizationId, actor: actor(), user: userNamed('ana') });
    const list = { organizationId, filter: undefined, order: undefined, skip: 0 };
    const callsOf = (reader: UserstoreClient) => [
      () => reader.listUsers(list),
      () => reader.listGroups(list),
      () => reader.getUser({ organizationId, userId: user?.id ?? '' }),
      () => reader.listMemberships({ organizationId, groupIds: ['x'] }),
    ];
    const [here, there] = readers as [UserstoreClient, UserstoreClient];
    for (const reader of readers) expect((await reader.listUsers(list)).users.length).to.equal(1);
    await admin.deleteOrganization({ organizationId, actor: actor() });
    const gone = { code: 'NOT_FOUND', reason: 'ORGANIZATION_NOT_FOUND' };
    for (const call of callsOf(here)) expect(await failureIn(call())).to.deep.equal(gone);
    const isGone = async () =>
      (await there.listUsers(list).then(
        () => '',
        () => 'gone',
      )) === 'gone';
    await eventually('the other userstore refuses', isGone, 3500);
    for (const call of callsOf(there)) expect(await failureIn(call())).to.deep.equal(gone);
  });
});
