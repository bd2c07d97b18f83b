/** Groups of any size: concurrent changes lose no member. Numbers are those of the product's acceptance list. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { freshTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { patchBody } from '../../harness/scim.js';
import {
  createGroup,
  createManyUsers,
  getGroup,
  idsIn,
  oktaGroup,
  uniqueGroupName,
} from '../../harness/scim-groups.js';

const LIMIT_MS = 60_000;

describe('SCIM groups of many members', function () {
  this.timeout(120_000);
  let tenant: Tenant;
  let users: string[];
  before(async function () {
    needsOwnPair(this);
    tenant = await freshTenant();
    users = (await createManyUsers(tenant.scim, 10_000)).sort((a, b) => (a < b ? -1 : 1));
  });
  const patch = async (id: string, ...operations: unknown[]) => {
    const answer = await tenant.scim('PATCH', `/Groups/${id}`, patchBody(...operations));
    expect(answer.status, answer.text).to.equal(200);
    return answer.body;
  };
  const add = (ids: readonly string[]) => ({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) });
  const remove = (id: string) => ({ op: 'remove', path: `members[value eq "${id}"]` });
  const within = async <T>(work: Promise<T>): Promise<T> => {
    const start = performance.now();
    const done = await work;
    expect(performance.now() - start).to.be.below(LIMIT_MS);
    return done;
  };

  it('B24: GET returns all members, of 101 as of 3,000, and lists do', async () => {
    for (const count of [101, 3000]) {
      const group = await createGroup(tenant.scim, users.slice(0, count));
      expect(idsIn(group)).to.deep.equal(users.slice(0, count));
      expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
      const { body } = await tenant.scim('GET', `/Groups?filter=id%20eq%20%22${group.id}%22`);
      expect(body.Resources).to.deep.equal([group]);
    }
    const { Resources } = (await tenant.scim('GET', '/Groups?startIndex=1&count=100')).body;
    expect(Resources.map((group: unknown) => idsIn(group).length)).to.deep.equal([101, 3000]);
  });

  it('a change of a group of more than 20 members is answered without them, unless they are asked for', async () => {
    const { id } = await createGroup(tenant.scim, users.slice(0, 22));
    for (const [method, body] of [
      ['PATCH', patchBody(remove(users[0] ?? ''))],
      ['PUT', oktaGroup(uniqueGroupName(), users.slice(1, 22))],
    ] as const) {
      const answer = await tenant.scim(method, `/Groups/${id}`, body);
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.body).to.include({ id }).and.not.have.property('members');
      const asked = await tenant.scim(method, `/Groups/${id}?attributes=members`, body);
      expect(idsIn(asked.body)).to.deep.equal(users.slice(1, 22));
    }
  });

  it('B28: a PATCH of 1000 member changes is applied whole, within 60 s', async () => {
    const { id } = await createGroup(tenant.scim, users.slice(0, 500));
    const operations = [...users.slice(0, 500).map(remove), ...users.slice(500, 1000).map((user) => add([user]))];
    await within(patch(id, ...operations));
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users.slice(500, 1000));
    await within(patch(id, ...operations));
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users.slice(500, 1000));
  });

  it('a group that is removed while it is read is found with all of its members or not at all', async () => {
    for (let round = 0; round < 3; round++) {
      const { id } = await createGroup(tenant.scim, users);
      let isRemoved = false;
      const seen = new Set<string>();
      const readers = [`/Groups/${id}`, `/Groups/${id}`, `/Groups?filter=id%20eq%20%22${id}%22`].map(async (path) => {
        do {
          // An answer that breaks off is none.
          const answer = await tenant.scim('GET', path).catch(() => undefined);
          const { status, body } = answer ?? { status: 0, body: {} };
          const shown = body.Resources ? body.Resources[0] : status === 200 ? body : undefined;
          seen.add(shown ? `${shown.members.length} members` : 'none');
        } while (!isRemoved);
      });
      while (seen.size === 0) await sleep(10);
      await sleep(70 * round);
      const { status } = await tenant.scim('DELETE', `/Groups/${id}`);
      isRemoved = true;
      expect(status).to.equal(204);
      await Promise.all(readers);
      expect([...seen].filter((what) => what !== 'none')).to.deep.equal(['10000 members']);
    }
  });

  it('B28: a PUT of 10,000 members is taken within 60 s, and one that shares half of them', async () => {
    const { id } = await createGroup(tenant.scim);
    const put = async (ids: readonly string[]) => {
      const body = oktaGroup(uniqueGroupName(), ids);
      const answer = await within(tenant.scim('PUT', `/Groups/${id}`, body));
      expect(answer.status, answer.text).to.equal(200);
      expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(ids);
    };
    await put(users);
    await put(users.slice(0, 5000));
    await put(users.slice(2500));
  });

  it('B28: 50 parallel single-member adds to one group lose none, and 50 parallel removes lose none', async () => {
    const { id } = await createGroup(tenant.scim);
    const some = users.slice(0, 50);
    await Promise.all(some.map((user) => patch(id, add([user]))));
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(some);
    await Promise.all(some.map((user) => patch(id, remove(user))));
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([]);
  });

  it('of 200 single-member changes at once none is lost, adding and removing', async () => {
    const { id } = await createGroup(tenant.scim);
    const all = users.slice(0, 200);
    /** A client that is told to come back later does. */
    const insist = async (operation: unknown) => {
      for (let tries = 1; ; tries++) {
        const answer = await tenant.scim('PATCH', `/Groups/${id}`, patchBody(operation));
        if (![429, 503].includes(answer.status) || tries === 60) return answer.status;
        await sleep(Number(answer.headers.get('retry-after')) * 1000);
      }
    };
    for (const [operation, left] of [
      [(user: string) => add([user]), all],
      [remove, []],
    ] as const) {
      expect(await Promise.all(all.map((user) => insist(operation(user))))).to.deep.equal(Array(all.length).fill(200));
      expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(left);
    }
  });
});
