/**
 * Push Groups as Okta sends it, byte for byte, in both dialects. Numbers are those of the product's acceptance list.
 */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { freshTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { getUser } from '../../harness/scim.js';
import { CORE_GROUP, createUsers, getGroup, idsIn } from '../../harness/scim-groups.js';

const PATCH_OP = '"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]';

describe('Okta’s Push Groups', () => {
  let tenant: Tenant;
  let name: string;
  let users: string[];
  beforeEach(async () => {
    tenant = await freshTenant();
    name = `Finance ${randomUUID()}`;
    users = await createUsers(tenant.scim, 3);
  });
  /** Sends text unchanged and expects this status. */
  const send = async (status: number, method: string, path: string, text?: string) => {
    const answer = await tenant.scim(method, path, text);
    expect(answer.status, answer.text).to.equal(status);
    return answer.body;
  };
  const lookUp = () =>
    send(200, 'GET', `/Groups?filter=displayName%20eq%20%22${encodeURIComponent(name)}%22&startIndex=1&count=100`);
  const members = (ids: readonly string[]) => ids.map((id) => `{"value":"${id}","display":"x@acme.example"}`).join(',');
  const patch = (id: string, operations: string) =>
    send(200, 'PATCH', `/Groups/${id}`, `{${PATCH_OP},"Operations":[${operations}]}`);

  it('B23: the look-up finds nothing, then exactly the group, in any encoding and letter case', async () => {
    expect(await lookUp()).to.deep.include({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    const text = `{"schemas":["${CORE_GROUP}"],"displayName":"${name}","members":[]}`;
    const created = await send(201, 'POST', '/Groups', text);
    const escaped = name.replaceAll(' ', '+');
    for (const path of [
      `/Groups?filter=displayName+eq+%22${escaped}%22&startIndex=1&count=100`,
      `/Groups?count=100&startIndex=1&filter=displayName%20eq%20%22${encodeURIComponent(name.toUpperCase())}%22`,
    ]) {
      expect(await send(200, 'GET', path)).to.deep.include({ totalResults: 1, itemsPerPage: 1, Resources: [created] });
    }
    expect((await lookUp()).Resources).to.deep.equal([created]);
  });

  it('B23: names with blanks, quotes, backslashes and other scripts are found unchanged', async () => {
    for (const part of ['R&D', 'A+B', '"quoted"', 'back\\slash', 'Été', '財務', '100 %', "O'Neil", '🏠', 'a/b?c#d']) {
      name = `${part} ${randomUUID()}`;
      const quoted = JSON.stringify(name);
      const created = await send(201, 'POST', '/Groups', `{"schemas":["${CORE_GROUP}"],"displayName":${quoted}}`);
      expect(created.displayName).to.equal(name);
      const found = await send(200, 'GET', `/Groups?filter=${encodeURIComponent(`displayName eq ${quoted}`)}`);
      expect(found.Resources, name).to.deep.equal([created]);
    }
  });

  it('B23: an organization without groups has an empty list', async function () {
    needsOwnPair(this);
    for (const path of ['/Groups', '/Groups?startIndex=1&count=100']) {
      expect(await send(200, 'GET', path)).to.deep.include({ totalResults: 0, itemsPerPage: 0, Resources: [] });
    }
  });

  it('B26: a catalogue app: look-up, POST, membership deltas each with the name again, full push, empty push, DELETE', async () => {
    expect((await lookUp()).totalResults).to.equal(0);
    const text = `{"schemas":["${CORE_GROUP}"],"displayName":"${name}","members":[]}`;
    const { id } = await send(201, 'POST', '/Groups', text);
    const renaming = `{"op":"replace","value":{"id":"${id}","displayName":"${name}"}}`;
    const delta = `{"op":"add","path":"members","value":[${members(users.slice(0, 2))}]}`;
    for (let tries = 0; tries < 2; tries++) {
      await patch(id, delta);
      const before = await send(200, 'GET', `/Groups/${id}`);
      expect(idsIn(before)).to.deep.equal(users.slice(0, 2));
      await patch(id, renaming);
      expect(await getGroup(tenant.scim, id)).to.deep.equal(before);
    }
    await patch(
      id,
      `{"op":"remove","path":"members[value eq \\"${users[0]}\\"]"},{"op":"remove","path":"members[value eq \\"${users[1]}\\"]"},` +
        `{"op":"add","path":"members","value":[${members(users.slice(2))}]}`,
    );
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users.slice(2));
    await patch(id, `{"op":"replace","path":"members","value":[${members(users)}]}`);
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users);
    await patch(id, `{"op":"replace","value":{"id":"${id}","displayName":"${name} EMEA"}}`);
    expect(await getGroup(tenant.scim, id)).to.include({ displayName: `${name} EMEA` });
    await patch(id, '{"op":"replace","path":"members","value":[]}');
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([]);
    await send(204, 'DELETE', `/Groups/${id}`);
    await send(404, 'GET', `/Groups/${id}`);
    for (const user of users) await getUser(tenant.scim, user);
  });

  it('B27: a wizard app: look-up, POST with members, GET, PUT of the whole group, rename, empty PUT', async () => {
    expect((await lookUp()).totalResults).to.equal(0);
    const text = `{"schemas":["${CORE_GROUP}"],"displayName":"${name}","members":[${members(users.slice(0, 1))}]}`;
    const { id } = await send(201, 'POST', '/Groups', text);
    const shown = await send(200, 'GET', `/Groups/${id}`);
    expect(idsIn(shown)).to.deep.equal(users.slice(0, 1));
    const put = (displayName: string, list: string) =>
      send(
        200,
        'PUT',
        `/Groups/${id}`,
        `{"schemas":["${CORE_GROUP}"],"id":"${id}","displayName":"${displayName}","members":[${list}],"meta":${JSON.stringify(shown.meta)}}`,
      );
    expect(idsIn(await put(name, members(users)))).to.deep.equal(users);
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users);
    expect(await put(`${name} EMEA`, members(users.slice(1)))).to.include({ id, displayName: `${name} EMEA` });
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal(users.slice(1));
    await put(`${name} EMEA`, '');
    expect(idsIn(await getGroup(tenant.scim, id))).to.deep.equal([]);
  });

  it('a group that was linked and then deleted at LeaseHawk is 404 to what Okta sends next', async () => {
    const text = `{"schemas":["${CORE_GROUP}"],"displayName":"${name}"}`;
    const { id } = await send(201, 'POST', '/Groups', text);
    await send(204, 'DELETE', `/Groups/${id}`);
    const operation = `{"op":"add","path":"members","value":[${members(users)}]}`;
    const { detail } = await send(404, 'PATCH', `/Groups/${id}`, `{${PATCH_OP},"Operations":[${operation}]}`);
    expect(detail).to.equal('There is no group with this id.');
  });
});
