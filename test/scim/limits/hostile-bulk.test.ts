/** Bulk requests built to occupy the edge, or to pass its rate limit. */
import { expect } from 'chai';
import { connect as connectAdmin } from '../../../bin/admin/userstore.js';
import { freshTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import { oktaGroup, uniqueGroupName } from '../../harness/scim-groups.js';
import { slowness } from '../../harness/slowness.js';
import { eventually, userstoreClient } from '../../harness/userstore.js';

const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

describe('a hostile bulk request', function () {
  this.timeout(60_000);
  let tenant: Tenant;
  let other: Tenant;
  before(async function () {
    needsOwnPair(this);
    [tenant, other] = [await freshTenant(), await freshTenant()];
  });

  const bulk = (Operations: unknown[]) => tenant.scim('POST', '/Bulk', { schemas: [BULK], Operations });
  /** Asks as another organization while `work` is in progress. Returns its longest wait, in milliseconds. */
  async function waitOfOther(work: Promise<unknown>): Promise<number> {
    let isOver = false;
    let longest = 0;
    const over = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const start = performance.now();
      expect((await other.scim('GET', '/ServiceProviderConfig')).status).to.equal(200);
      longest = Math.max(longest, performance.now() - start);
    }
    await over;
    return longest;
  }

  it('of 1000 operations that refer to each other 440 times is refused without stopping others', async () => {
    const operations = Array.from({ length: 1000 }, (_, index) => ({
      method: 'POST',
      path: '/Groups',
      bulkId: `b${index}`,
      data: { note: Array.from({ length: 99 }, (_, one) => `bulkId:b${one}`) },
    }));
    const answer = bulk(operations);
    expect(await waitOfOther(answer)).to.be.below(250 * slowness());
    expect((await answer).status).to.equal(400);
    expect((await answer).body.detail).to.include('at most 20000 references');
  });

  it('of operations that all refer to one that failed is answered without stopping others', async () => {
    const data = { members: Array.from({ length: 150 }, () => ({ value: 'bulkId:b0' })) };
    const operations = Array.from({ length: 300 }, (_, index) => ({
      method: 'POST',
      path: '/Groups',
      bulkId: `b${index}`,
      data: index === 0 ? {} : data,
    }));
    const answer = bulk(operations);
    expect(await waitOfOther(answer)).to.be.below(250 * slowness());
    const { body, status } = await answer;
    expect(status).to.equal(200);
    const statuses = body.Operations.map((one: { status: string }) => one.status);
    expect(new Set(statuses.slice(1))).to.deep.equal(new Set(['409']));
  });

  it('takes one permit for each operation: it lasts as long as its operations would one by one', async () => {
    const slow = await freshTenant();
    const admin = connectAdmin((await sharedPair()).address, SERVICE_TOKENS.admin);
    try {
      await admin.updateOrganization(slow.organizationId, () => ({ rateLimit: { perSecond: 10, burst: 10 } }));
    } finally {
      admin.close();
    }
    // The edge may know the former limit for 3 s.
    await new Promise((resolve) => setTimeout(resolve, 3200));
    const operations = Array.from({ length: 45 }, (_, index) => ({
      method: 'POST',
      path: '/Groups',
      bulkId: `b${index}`,
      data: oktaGroup(uniqueGroupName()),
    }));
    const start = performance.now();
    const { body } = await slow.scim('POST', '/Bulk', { schemas: [BULK], Operations: operations });
    expect(performance.now() - start).to.be.above(1900);
    expect(body.Operations.map(({ status }: { status: string }) => status)).to.deep.equal(Array(45).fill('201'));
  });

  it('with a path of 4.9 MB stores an activity that is cut, has no id of a user, and can be listed', async () => {
    const path = `/Users/${'z'.repeat(4_900_000)}`;
    for (let count = 0; count < 4; count++) {
      const { status, body } = await bulk([{ method: 'DELETE', path }]);
      expect(status).to.equal(200);
      expect(JSON.stringify(body).length).to.be.below(2000);
    }
    const last = await tenant.scim('GET', '/Users?count=1');
    const admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    try {
      const { organizationId } = tenant;
      const list = async () =>
        (await admin.listActivities({ organizationId, since: undefined, until: undefined })).activities;
      const id = last.headers.get('x-request-id');
      await eventually('the activities are recorded', async () => (await list()).some((one) => one.id === id), 5000);
      const operations = (await list()).filter((activity) => activity.method === 'DELETE');
      expect(operations).to.have.length(4);
      for (const activity of operations) {
        expect(activity.path.length).to.be.at.most(300);
        expect(activity.userId).to.equal(undefined);
      }
    } finally {
      admin.close();
    }
  });
});
