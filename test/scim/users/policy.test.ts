/** The provisioning policy of an organization: suspension, the switches, and the rehire policy. */
import { expect } from 'chai';
import { connect, type Userstore } from '../../../bin/admin/userstore.js';
import { type ProvisioningPolicy, RehirePolicy } from '../../../proto/gen/userstore/v1/organization_service.js';
import { startEdgeInProcess, tokenCacheExpiry } from '../../harness/edge.js';
import { createTenant, needsOwnPair, sharedPair } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  uniqueName,
} from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

const deactivation = { op: 'replace', value: { active: false } };

describe('SCIM under an organization’s policy', () => {
  let admin: Userstore;
  let address: string;
  let edge: Awaited<ReturnType<typeof startEdgeInProcess>>;
  before(async function () {
    needsOwnPair(this);
    ({ address } = await sharedPair());
    admin = connect(address, SERVICE_TOKENS.admin);
    edge = await startEdgeInProcess(address);
  });
  after(async () => {
    admin?.close();
    await edge?.stop();
  });
  /** An organization with this policy, which the edge applies. */
  const under = async (more: Partial<ProvisioningPolicy>) => {
    const policy = { refuseCreate: false, refuseUpdate: false, refuseDeactivate: false, rehire: 0, ...more };
    const { scim, organizationId } = await createTenant({ origin: edge.origin, address });
    const user = await createUser(scim);
    await admin.updateOrganization(organizationId, () => ({ policy }));
    await tokenCacheExpiry();
    return { scim, user: await getUser(scim, user.id) };
  };

  it('a suspended organization is 403 within five seconds, and is served again when it is resumed', async () => {
    const { scim, organizationId } = await createTenant(await sharedPair());
    const user = await createUser(scim);
    const statusIs = (status: number) => async () => (await scim('GET', '/Users?count=1')).status === status;
    await admin.updateOrganization(organizationId, () => ({ suspended: true }));
    await eventually('403', statusIs(403), 5000);
    for (const [method, path] of [
      ['GET', `/Users/${user.id}`],
      ['DELETE', `/Users/${user.id}`],
      ['GET', '/Schemas'],
      ['GET', '/nowhere'],
    ] as const) {
      expectError(await scim(method, path), 403);
    }
    await admin.updateOrganization(organizationId, () => ({ suspended: false }));
    await eventually('200', statusIs(200), 5000);
    expect(await getUser(scim, user.id)).to.deep.equal(user);
  }).timeout(30_000);

  it('without "create" a POST is 403 and creates no user; changes and deactivation still work', async () => {
    const { scim, user } = await under({ refuseCreate: true });
    const userName = uniqueName();
    expectError(await scim('POST', '/Users', oktaUser(userName)), 403);
    expect((await scim('GET', '/Users')).body.totalResults).to.equal(1);
    await patchUser(scim, user.id, { op: 'replace', path: 'title', value: 'x' });
    await patchUser(scim, user.id, deactivation);
  });

  it('without "update" a change is 403 and nothing is written; what changes nothing is 200', async () => {
    const { scim, user } = await under({ refuseUpdate: true });
    for (const value of [{ title: 'x' }, { userName: uniqueName() }, { name: { givenName: 'X' } }]) {
      expectError(await scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'replace', value })), 403);
      expectError(await scim('PUT', `/Users/${user.id}`, { ...user, ...value }), 403);
    }
    expect(await putUser(scim, user.id, user)).to.deep.equal(user);
    await createUser(scim);
  });

  it('without "update" a deactivation disables all the same, and changes nothing else, by PATCH and by PUT', async () => {
    const { scim, user } = await under({ refuseUpdate: true });
    const other = await createUser(scim);
    const patched = await patchUser(scim, user.id, { op: 'replace', value: { active: false, title: 'x' } });
    const put = await putUser(scim, other.id, { ...other, active: false, title: 'x' });
    for (const [before, after] of [
      [user, patched],
      [other, put],
    ]) {
      expect(after).to.deep.equal({ ...before, active: false, meta: after.meta });
      // Repeated, it is as good as once.
      expect(await putUser(scim, after.id, { ...before, active: false, title: 'y' })).to.deep.equal(after);
      expectError(await scim('PATCH', `/Users/${after.id}`, patchBody({ op: 'add', path: 'title', value: 'x' })), 403);
      expectError(
        await scim('PATCH', `/Users/${after.id}`, patchBody({ op: 'replace', value: { active: true } })),
        403,
      );
    }
  });

  it('without "deactivate" disabling and removing are 403, and the user stays active', async () => {
    const { scim, user } = await under({ refuseDeactivate: true });
    expectError(await scim('PATCH', `/Users/${user.id}`, patchBody(deactivation)), 403);
    expectError(await scim('PUT', `/Users/${user.id}`, { ...user, active: false }), 403);
    expectError(await scim('DELETE', `/Users/${user.id}`), 403);
    expect(await getUser(scim, user.id)).to.deep.equal(user);
    await patchUser(scim, user.id, { op: 'replace', path: 'title', value: 'x' });
  });

  it('a POST for a disabled user’s name reactivates that user with the new values if the organization allows it', async () => {
    const { scim, user } = await under({ rehire: RehirePolicy.REHIRE_POLICY_REACTIVATE });
    expectError(await scim('POST', '/Users', oktaUser(user.userName)), 409, 'uniqueness');
    await patchUser(scim, user.id, deactivation);
    const bodies = Array.from({ length: 5 }, (_, index) =>
      oktaUser(user.userName.toUpperCase(), { title: `t${index}` }),
    );
    const answers = await Promise.all(bodies.map((body) => scim('POST', '/Users', body)));
    const [won, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).to.have.length(0);
    for (const answer of answers) if (answer !== won) expectError(answer, 409, 'uniqueness');
    expect(won?.body).to.include({ id: user.id, active: true, userName: user.userName.toUpperCase() });
    expect(await getUser(scim, user.id)).to.deep.equal(won?.body);
  });

  it('a POST reactivates no user if changes are refused or the new user is disabled', async () => {
    const { scim, user } = await under({ rehire: RehirePolicy.REHIRE_POLICY_REACTIVATE, refuseUpdate: true });
    await patchUser(scim, user.id, deactivation);
    const before = await getUser(scim, user.id);
    expectError(await scim('POST', '/Users', oktaUser(user.userName)), 403);
    expectError(await scim('POST', '/Users', oktaUser(user.userName, { active: false })), 409, 'uniqueness');
    expect(await getUser(scim, user.id)).to.deep.equal(before);
  });

  it('a POST for a disabled user’s name is 409 otherwise', async () => {
    const { scim } = await createTenant(await sharedPair());
    const user = await createUser(scim);
    await patchUser(scim, user.id, deactivation);
    expectError(await scim('POST', '/Users', oktaUser(user.userName)), 409, 'uniqueness');
  });
});
