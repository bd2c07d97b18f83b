/** Members of one group changed by many callers at once over gRPC: none is lost, and each change is recorded. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { UserstoreError } from '../../client/errors.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { addMembers, groupNamed, organizationOf, removeMembers, seedUsers } from '../harness/groups.js';
import { createTenant, sharedMongodbUri, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { plain } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const BUSY = ['RESOURCE_EXHAUSTED', 'UNAVAILABLE'];

/** Repeats a call while userstore sheds load, or ends connections that could not prove their caller in time. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!BUSY.includes((error as UserstoreError).code) || tries === 200) throw error;
      await sleep(500);
    }
  }
}

const CLIENTS = 50;
/** `npm run bench -- --groups` makes 50. */
const PATCHES = 8;

describe('members of one group', function () {
  this.timeout(240_000);
  let clients: UserstoreClient[];
  let admin: UserstoreClient;
  let organizationId: string;
  let one: ReturnType<typeof organizationOf>;

  before(async () => {
    const pair = await sharedPair();
    clients = Array.from({ length: CLIENTS }, () => userstoreClient(pair.address, SERVICE_TOKENS.edge, 120_000));
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    organizationId = (await createTenant(pair)).organizationId;
    one = organizationOf(clients[0] as UserstoreClient, organizationId);
  });
  after(() => {
    for (const client of [...clients, admin]) client.close();
  });

  /** Sends one PATCH a member, all of them at once, each client its share. */
  async function patchEach(groupId: string, members: string[], operation: (member: string) => GroupOperation) {
    const calls = clients.flatMap((client, place) =>
      members
        .slice(place * PATCHES, (place + 1) * PATCHES)
        .map((member) =>
          insist(() => client.patchGroup({ organizationId, actor: actor(), groupId, operations: [operation(member)] })),
        ),
    );
    expect(calls).to.have.length(CLIENTS * PATCHES);
    await Promise.all(calls);
  }

  const changesOf = async (groupId: string) => {
    const changes: Change[] = [];
    let pageToken: string | undefined;
    do {
      const page = await admin.listChanges({ organizationId, userId: '', groupId, pageSize: 500, pageToken });
      changes.push(...page.changes);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return changes;
  };

  it(`all exist after ${CLIENTS} concurrent clients add ${PATCHES} each, and none after they remove them`, async () => {
    const members = await seedUsers(sharedMongodbUri(), organizationId, CLIENTS * PATCHES);
    const { id } = await one.group();
    await patchEach(id, members, addMembers);
    expect(await one.members(id)).to.deep.equal(members);
    await patchEach(id, members, removeMembers);
    expect(await one.members(id)).to.deep.equal([]);

    const changes = await changesOf(id);
    expect(changes).to.have.length(1 + 2 * members.length);
    expect(new Set(changes.map(({ version }) => version)).size).to.equal(changes.length);
    for (const side of ['after', 'before'] as const) {
      const told = changes.flatMap(({ attributes }) =>
        attributes.flatMap(({ name, [side]: ids }) => (name === 'members' && ids ? (JSON.parse(ids) as string[]) : [])),
      );
      expect(told.toSorted(), side).to.deep.equal(members);
    }
  });

  it('follow the last request of each client when additions and removals are mixed', async () => {
    const members = await one.users(20);
    const { id } = await one.group(members.slice(0, 10));
    await Promise.all([
      ...members.slice(0, 10).map((member) => one.patch(id, removeMembers(member))),
      ...members.slice(10).map((member) => one.patch(id, addMembers(member))),
      ...Array.from({ length: 10 }, (_, index) =>
        one.patch(id, {
          operation: {
            $case: 'setFields',
            value: { group: groupNamed(`Mixed ${index}`), updateMask: ['display_name'] },
          },
        }),
      ),
    ]);
    expect(await one.members(id)).to.deep.equal(members.slice(10));
    expect((await one.get(id)).displayName).to.match(/^Mixed \d$/);
    const renames = (await changesOf(id)).flatMap(({ attributes }) =>
      attributes.filter(({ name }) => name === 'displayName'),
    );
    // Each begins where another has ended.
    expect(renames.slice(0, -1).map(({ before }) => before)).to.deep.equal(renames.slice(1).map(({ after }) => after));
  });

  it('appear in the activity of their request, and the changes of the group appear with the group only', async () => {
    const member = await one.user();
    const { id: groupId } = await one.group();
    const by = actor();
    await clients[0]?.patchGroup({ organizationId, actor: by, groupId, operations: [addMembers(member)] });
    const activity = {
      id: by.requestId,
      organizationId,
      time: new Date(),
      method: 'PATCH',
      path: '/',
      status: 200,
      durationMs: 1,
    };
    await clients[0]?.recordActivities({ activities: [{ ...activity, groupId, change: undefined }] });
    const asked = { organizationId, since: undefined, until: undefined };
    const { activities } = await admin.listActivities({ ...asked, groupId });
    expect(activities).to.have.length(1);
    expect(plain(activities[0]?.change?.attributes)).to.deep.equal([{ name: 'members', after: `["${member}"]` }]);
    expect(activities[0]).to.include({ groupId, userId: undefined });
    for (const ids of [{ userId: '' }, { userId: member, groupId }]) {
      expect(await failureIn(admin.listChanges({ organizationId, ...ids }))).to.include({ reason: 'FIELD_INVALID' });
    }
  });
});
