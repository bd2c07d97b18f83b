/** Activities: each request of Okta, its answer and its change can be looked up. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { expect } from 'chai';
import { Activity } from '../../../proto/gen/userstore/v1/activity_service.js';
import type { Change } from '../../../proto/gen/userstore/v1/change.js';
import { testMongodbUri } from '../../harness/mongod.js';
import { createTenant, freshTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS, startPair } from '../../harness/processes.js';
import { type Answer, createUser, oktaUser, patchBody, scimClient, uniqueName } from '../../harness/scim.js';
import { createGroup, oktaGroup } from '../../harness/scim-groups.js';
import { eventually, failureIn, type UserstoreClient, userstoreClient } from '../../harness/userstore.js';

let admin: UserstoreClient;

const idOf = ({ headers }: Answer) => headers.get('x-request-id') ?? '';

/** All activities once that of this answer is among them, oldest first. */
async function activitiesUpTo(last: Answer, { organizationId }: Tenant, more = {}): Promise<Activity[]> {
  const list = async () =>
    (await admin.listActivities({ organizationId, since: undefined, until: undefined, ...more })).activities.reverse();
  await eventually('the activity is recorded', async () => (await list()).some(({ id }) => id === idOf(last)), 5000);
  return await list();
}

const changesOf = async ({ organizationId }: Tenant, userId: string): Promise<Change[]> =>
  (await admin.listChanges({ organizationId, userId, pageSize: 1000 })).changes.reverse();

/** The attributes of an activity's change: name, value before, value after. */
const attributesOf = (activity?: Activity) =>
  (activity?.change?.attributes ?? []).map(({ name, before, after }) => ({ name, before, after }));
const namesIn = ({ change }: Activity) => change?.attributes.map(({ name }) => name);

describe('activities', function () {
  this.timeout(30_000);
  before(async function () {
    needsOwnPair(this);
    admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
  });
  after(() => admin?.close());

  it('have the name of a group that could not be created, also in a bulk request', async () => {
    const tenant = await freshTenant();
    const name = uniqueName();
    await tenant.scim('POST', '/Groups', oktaGroup(name));
    const refused = await tenant.scim('POST', '/Groups', oktaGroup(name));
    expect(refused.status).to.equal(409);
    const Operations = [{ method: 'POST', path: '/Groups', bulkId: 'a', data: oktaGroup(name) }];
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'];
    const bulk = await tenant.scim('POST', '/Bulk', { schemas, Operations });
    const failed = (await activitiesUpTo(bulk, tenant)).filter(({ status }) => status === 409);
    expect(failed.map(({ groupName, userName }) => [groupName, userName])).to.deep.equal([
      [name, undefined],
      [name, undefined],
    ]);
  });

  it('say 400 of requests whose clients left before their bodies were complete', async () => {
    const tenant = await freshTenant();
    const { hostname, port, pathname } = new URL(tenant.baseUrl);
    const headers = `Authorization: apikey ${tenant.secret}\r\nContent-Type: application/scim+json\r\nContent-Length: 9`;
    const request = `POST ${pathname}/Users HTTP/1.1\r\nHost: ${hostname}\r\n${headers}\r\n\r\n{`;
    for (let client = 0; client < 30; client++) {
      const socket = connect(Number(port), hostname, () => socket.write(request));
      setTimeout(() => (client % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()), 500);
    }
    const { organizationId } = tenant;
    const all = async () =>
      (await admin.listActivities({ organizationId, since: undefined, until: undefined })).activities;
    await eventually('the activities', async () => (await all()).length === 30);
    for (const { status, scimType, detail } of await all()) {
      expect([status, scimType, detail]).to.deep.equal([400, 'invalidSyntax', 'The request body is incomplete.']);
    }
  });

  it('have the name that the user or group had in the answer, though they are renamed at once', async () => {
    const tenant = await freshTenant();
    const { scim } = tenant;
    const user = await createUser(scim);
    const group = await createGroup(scim);
    const [first, second, third] = [uniqueName(), uniqueName(), uniqueName()];
    const rename = (path: string, attribute: string, value: string) =>
      scim('PATCH', path, patchBody({ op: 'replace', path: attribute, value }));
    await rename(`/Users/${user.id}`, 'userName', first);
    await scim('GET', `/Users/${user.id}`);
    await rename(`/Groups/${group.id}`, 'displayName', third);
    await rename(`/Groups/${group.id}`, 'displayName', group.displayName);
    const last = await rename(`/Users/${user.id}`, 'userName', second);
    const named = (await activitiesUpTo(last, tenant)).filter(({ method }) => method !== 'POST');
    expect(named.map(({ userName, groupName }) => userName ?? groupName)).to.deep.equal([
      first,
      first,
      third,
      group.displayName,
      second,
    ]);
  });

  it('have the token, the resource, the answer and the change of each request', async () => {
    const tenant = await freshTenant();
    const { scim, apiTokenId, organizationId } = tenant;
    const start = Date.now();
    const user = await createUser(scim, { title: 'Agent' });
    const path = `/Users/${user.id}`;
    const patched = await scim('PATCH', path, patchBody({ op: 'replace', value: { active: false, title: 'Leaver' } }));
    const noChange = await scim('PATCH', path, patchBody({ op: 'replace', path: 'active', value: false }));
    const taken = await scim('POST', '/Users', oktaUser(user.userName));
    const found = await scim('GET', '/Users?filter=userName%20eq%20%22secret%22&count=1');
    const removed = await scim('DELETE', path);
    const activities = await activitiesUpTo(removed, tenant);

    expect(
      activities.map(({ method, path, status, scimType, userId }) => [method, path, status, scimType, userId]),
    ).to.deep.equal([
      ['POST', '/Users', 201, undefined, user.id],
      ['PATCH', path, 200, undefined, user.id],
      ['PATCH', path, 200, undefined, user.id],
      ['POST', '/Users', 409, 'uniqueness', undefined],
      ['GET', '/Users', 200, undefined, undefined],
      ['DELETE', path, 204, undefined, user.id],
    ]);
    expect(activities.slice(1).map(({ id }) => id)).to.deep.equal([patched, noChange, taken, found, removed].map(idOf));
    for (const activity of activities) {
      expect(activity).to.include({ organizationId, apiTokenId, apiTokenLabel: 'test' });
      expect(activity.time?.getTime()).to.be.within(start, Date.now());
      expect(activity.durationMs).to.be.within(0.1, 10_000);
    }
    expect(activities[3]?.detail).to.equal(taken.body.detail);
    expect(namesIn(activities[0] as Activity)).to.include.members(['userName', 'name.givenName', 'emails', 'active']);
    expect(attributesOf(activities[1])).to.deep.equal([
      { name: 'active', before: 'true', after: 'false' },
      { name: 'title', before: '"Agent"', after: '"Leaver"' },
    ]);
    for (const index of [2, 3, 4]) expect(activities[index]?.change, `${index}`).to.equal(undefined);
    expect(attributesOf(activities[5])).to.deep.include({
      ...{ name: 'title', before: '"Leaver"', after: undefined },
    });
  });

  it('tell of groups which one it was, and what changed of its name and its members', async () => {
    const tenant = await freshTenant();
    const { scim, organizationId } = tenant;
    const user = await createUser(scim);
    const group = await createGroup(scim, [], { displayName: 'Finance' });
    const path = `/Groups/${group.id}`;
    const add = { op: 'add', path: 'members', value: [{ value: user.id }] };
    const rename = { op: 'replace', value: { id: group.id, displayName: 'Finance EMEA' } };
    await scim('PATCH', path, patchBody(add, rename));
    await scim('PATCH', path, patchBody(add, rename));
    await scim('POST', '/Groups', oktaGroup('Finance emea'));
    await scim('GET', '/Groups?count=1');
    const removed = await scim('DELETE', path);
    const activities = (await activitiesUpTo(removed, tenant)).slice(1);
    expect(
      activities.map(({ method, path, status, groupId, userId }) => [method, path, status, groupId, userId]),
    ).to.deep.equal([
      ['POST', '/Groups', 201, group.id, undefined],
      ['PATCH', path, 200, group.id, undefined],
      ['PATCH', path, 200, group.id, undefined],
      ['POST', '/Groups', 409, undefined, undefined],
      ['GET', '/Groups', 200, undefined, undefined],
      ['DELETE', path, 204, group.id, undefined],
    ]);
    expect(attributesOf(activities[1])).to.have.deep.members([
      { name: 'displayName', before: '"Finance"', after: '"Finance EMEA"' },
      { name: 'members', before: undefined, after: JSON.stringify([user.id]) },
    ]);
    expect(activities[2]?.change).to.equal(undefined);
    const asked = { organizationId, since: undefined, until: undefined, groupId: group.id };
    expect((await admin.listActivities(asked)).activities).to.have.length(4);
  });

  it('have a line for each operation of a bulk request', async () => {
    const tenant = await freshTenant();
    const user = await createUser(tenant.scim);
    const answer = await tenant.scim('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        { method: 'POST', path: '/Users', bulkId: 'a', data: oktaUser(uniqueName()) },
        { method: 'PATCH', path: '/Users/nobody', data: patchBody({ op: 'replace', path: 'title', value: 'x' }) },
        { method: 'PATCH', path: `/Users/${user.id}`, data: patchBody({ op: 'add', path: 'title', value: 'x' }) },
      ],
    });
    expect(answer.status).to.equal(200);
    const created = answer.body.Operations[0].location.split('/').at(-1);
    const activities = await activitiesUpTo(answer, tenant, { requestId: idOf(answer) });
    expect(activities.map(({ id, method, path, status, userId }) => [id, method, path, status, userId])).to.deep.equal([
      [idOf(answer), 'POST', '/Bulk', 200, undefined],
      [`${idOf(answer)}.0000`, 'POST', '/Users', 201, created],
      [`${idOf(answer)}.0001`, 'PATCH', '/Users/nobody', 404, undefined],
      [`${idOf(answer)}.0002`, 'PATCH', `/Users/${user.id}`, 200, user.id],
    ]);
    expect(activities.map(namesIn).map((names) => names?.length ?? 0)).to.satisfy(
      ([bulk, post, refused, patch]: number[]) => bulk === 0 && Number(post) > 3 && refused === 0 && patch === 1,
    );
  });

  it('tell of a token that was refused, and nothing of organizations that there are not', async () => {
    const tenant = await freshTenant();
    const refused = await scimClient(tenant.baseUrl, `apikey ${randomUUID()}`)('GET', '/Users?count=1');
    const [activity] = await activitiesUpTo(refused, tenant);
    expect(activity).to.include({ status: 401, path: '/Users', detail: refused.body.detail, method: 'GET' });
    expect(activity?.apiTokenId).to.equal(undefined);
    // Every client can send such requests: activities keep a sample.
    await Promise.all(Array.from({ length: 40 }, () => scimClient(tenant.baseUrl, 'apikey junk')('GET', '/Users')));
    const nowhere = tenant.baseUrl.replace(tenant.organizationId, 'nobody2here');
    await scimClient(nowhere, `apikey ${randomUUID()}`)('GET', '/Users');
    const known = await activitiesUpTo(await tenant.scim('GET', '/Users'), tenant);
    expect(known).to.have.length.below(6);
    const failure = await admin
      .listActivities({ organizationId: 'nobody2here', since: undefined, until: undefined })
      .catch((error: Error) => error.message);
    expect(failure).to.equal('There is no such organization.');
  });

  it('are found by time, user, request, token, method and status, page by page', async () => {
    const tenant = await freshTenant();
    const { scim, organizationId, apiTokenId } = tenant;
    const [ana, bob] = [await createUser(scim), await createUser(scim)];
    const wrong = await scim('GET', '/Users/nobody');
    const middle = new Date();
    const read = await scim('GET', `/Users/${ana.id}`);
    const last = await scim('DELETE', `/Users/${bob.id}`);
    const all = await activitiesUpTo(last, tenant);
    expect(all).to.have.length(5);
    const ask = async (more: object) =>
      (await admin.listActivities({ organizationId, since: undefined, until: undefined, ...more })).activities
        .map((activity) => all.findIndex(({ id }) => id === activity.id))
        .reverse();
    expect(await ask({ since: middle })).to.deep.equal([3, 4]);
    expect(await ask({ until: middle })).to.deep.equal([0, 1, 2]);
    expect(await ask({ userId: bob.id })).to.deep.equal([1, 4]);
    expect(await ask({ requestId: idOf(read) })).to.deep.equal([3]);
    expect(await ask({ apiTokenId })).to.deep.equal([0, 1, 2, 3, 4]);
    expect(await ask({ apiTokenId: 'another' })).to.deep.equal([]);
    expect(await ask({ method: 'GET' })).to.deep.equal([2, 3]);
    expect(await ask({ status: 404 })).to.deep.equal([2]);
    expect(await ask({ status: 2, method: 'GET' })).to.deep.equal([3]);
    expect(wrong.status).to.equal(404);

    const pages: number[] = [];
    let pageToken: string | undefined;
    do {
      const { activities, nextPageToken } = await admin.listActivities({
        ...{ organizationId, since: undefined, until: undefined },
        pageSize: 2,
        pageToken,
      });
      pages.push(...activities.map((activity) => all.findIndex(({ id }) => id === activity.id)));
      pageToken = nextPageToken;
    } while (pageToken !== undefined);
    expect(pages).to.deep.equal([4, 3, 2, 1, 0]);
  });

  it('have the names of users and groups, and are found by the user name before, during and after the user exists', async () => {
    const tenant = await freshTenant();
    const { scim, organizationId } = tenant;
    const user = await createUser(scim);
    const taken = await scim('POST', '/Users', oktaUser(user.userName));
    expect(taken.status).to.equal(409);
    await scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'replace', value: { title: 'Agent' } }));
    const group = await createGroup(scim, [], { displayName: 'Leasing' });
    await scim('DELETE', `/Groups/${group.id}`);
    const removed = await scim('DELETE', `/Users/${user.id}`);
    const all = await activitiesUpTo(removed, tenant);
    expect(all.map(({ method, userName, groupName }) => [method, userName, groupName])).to.deep.equal([
      ['POST', user.userName, undefined],
      ['POST', user.userName, undefined],
      ['PATCH', user.userName, undefined],
      ['POST', undefined, 'Leasing'],
      ['DELETE', undefined, 'Leasing'],
      ['DELETE', user.userName, undefined],
    ]);
    const named = await activitiesUpTo(removed, tenant, { userName: user.userName.toUpperCase() });
    expect(named.map(({ method, status }) => `${method} ${status}`)).to.deep.equal([
      'POST 201',
      'POST 409',
      'PATCH 200',
      'DELETE 204',
    ]);
    const again = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.edge);
    const late = { ...named[0], id: randomUUID(), organizationId, time: new Date(), userName: undefined };
    await again.recordActivities({ activities: [late as Activity] });
    again.close();
    const [recorded] = (
      await admin.listActivities({ organizationId, since: undefined, until: undefined, requestId: late.id })
    ).activities;
    expect(recorded?.userName, 'the name after the tombstone was flushed').to.equal(user.userName);
  });

  it('are taken 500 in one call, and not more', async () => {
    const { organizationId } = await freshTenant();
    const edge = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.edge);
    const some = (count: number) =>
      Array.from({ length: count }, () =>
        Activity.fromPartial({ id: randomUUID(), organizationId, time: new Date(), method: 'GET', status: 404 }),
      );
    try {
      await edge.recordActivities({ activities: some(500) });
      const refused = await failureIn(edge.recordActivities({ activities: some(501) }));
      expect(refused).to.include({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'activities' });
    } finally {
      edge.close();
    }
  });

  it('are found by failure and without reads', async () => {
    const tenant = await freshTenant();
    const user = await createUser(tenant.scim);
    await tenant.scim('GET', '/Users/nobody');
    const last = await tenant.scim('POST', '/Users', oktaUser(user.userName));
    const statuses = async (more: object) =>
      (await activitiesUpTo(last, tenant, more)).map(({ method, status }) => `${method} ${status}`);
    expect(await statuses({ failed: true })).to.deep.equal(['GET 404', 'POST 409']);
    expect(await statuses({ withoutReads: true })).to.deep.equal(['POST 201', 'POST 409']);
    expect(await statuses({ withoutReads: true, failed: true, status: 4 })).to.deep.equal(['POST 409']);
  });

  it('belong to one organization: another organization sees neither them nor the changes', async () => {
    const [one, other] = [await freshTenant(), await freshTenant()];
    const user = await createUser(one.scim);
    await activitiesUpTo(await one.scim('GET', `/Users/${user.id}`), one);
    const read = await other.scim('GET', `/Users/${user.id}`);
    expect(read.status).to.equal(404);
    const [activity, ...more] = await activitiesUpTo(read, other);
    expect(more).to.deep.equal([]);
    expect(activity?.change).to.equal(undefined);
    expect(await changesOf(other, user.id)).to.deep.equal([]);
  });

  it('of 50 changes at once make a chain in which each begins where the one before ended', async () => {
    const tenant = await freshTenant();
    const { id } = await createUser(tenant.scim, { title: 't0' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'title', value: `t${index + 1}` })),
      ),
    );
    for (const { status } of answers) expect(status).to.equal(200);
    const changes = await changesOf(tenant, id);
    expect(changes.map(({ version }) => version)).to.deep.equal(Array.from({ length: 51 }, (_, index) => index + 1));
    let value: string | undefined = '"t0"';
    for (const { attributes, actor } of changes.slice(1)) {
      expect(attributes).to.have.length(1);
      expect(attributes[0]).to.include({ name: 'title', before: value });
      value = attributes[0]?.after;
      expect(answers.map(idOf)).to.include(actor?.requestId);
    }
    expect(JSON.parse(value ?? '')).to.equal((await tenant.scim('GET', `/Users/${id}`)).body.title);
  });

  it('are recorded by an edge that is asked to stop, and after userstore was away', async () => {
    const pair = await startPair(testMongodbUri(`activity-${process.pid}`));
    const client = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    try {
      const { scim, organizationId } = await createTenant(pair);
      await createUser(scim);
      await pair.userstore.stop('SIGKILL');
      const refused = await scim('GET', '/Users');
      expect(refused.status).to.equal(503);
      await pair.userstore.start();
      const list = async () => {
        const asked = { organizationId, since: undefined, until: undefined };
        return (await client.listActivities(asked).catch(() => ({ activities: [] }))).activities.map(
          ({ status }) => status,
        );
      };
      await eventually('both are recorded', async () => (await list()).length === 2);
      expect(await list()).to.deep.equal([503, 201]);
      await eventually('the edge serves', async () => (await scim('GET', '/Users')).status === 200);
      await scim('GET', '/Schemas');
      await pair.edge.stop('SIGTERM');
      expect((await list())[0]).to.equal(200);
    } finally {
      client.close();
      await pair.stop();
    }
  });
});
