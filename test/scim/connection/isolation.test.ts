/** Organizations know nothing of each other. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import {
  byFilter,
  byUserName,
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  scimClient,
  uniqueName,
} from '../../harness/scim.js';
import { createGroup, getGroup, groupsBy, idsIn, oktaGroup } from '../../harness/scim-groups.js';

// biome-ignore lint/suspicious/noExplicitAny: a user is whatever JSON came
type User = any;

describe('SCIM isolation', () => {
  const userName = uniqueName();
  const externalId = '00u1twin';
  let ours: Tenant;
  let theirs: Tenant;
  let ourUser: User;
  let theirUser: User;

  beforeEach(async function () {
    needsOwnPair(this);
    [ours, theirs] = [await freshTenant(), await freshTenant()];
    const twin = { userName, externalId, emails: [{ value: userName, type: 'work', primary: true }] };
    ourUser = await createUser(ours.scim, twin);
    theirUser = await createUser(theirs.scim, { ...twin, displayName: 'Their Secret' });
  });

  const expectNothingOfTheirs = (text: string) => {
    for (const secret of [theirUser.id, theirs.organizationId, theirs.secret, 'Their Secret']) {
      expect(text).not.to.include(secret);
    }
  };
  const change = (method: string) => {
    if (method === 'PATCH') return patchBody({ op: 'replace', value: { active: false, title: 'Taken over' } });
    return method === 'PUT' ? oktaUser(userName, { title: 'Taken over' }) : undefined;
  };

  it('B10: the same userName and externalId exist in two organizations, as two users', () => {
    expect(ourUser.id).not.to.equal(theirUser.id);
    for (const user of [ourUser, theirUser]) expect(user).to.include({ userName, externalId });
  });

  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    it(`B10: ${method} of another organization's id is the same 404 as of an unknown id`, async () => {
      const answer = await ours.scim(method, `/Users/${theirUser.id}`, change(method));
      expectError(answer, 404);
      expectNothingOfTheirs(answer.text);
      const unknown = await ours.scim(method, '/Users/010101001010101011001010101011', change(method));
      expect(answer.text).to.equal(unknown.text);
      expect(await getUser(theirs.scim, theirUser.id)).to.deep.equal(theirUser);
    });

    it(`B10: ${method} of a user with another organization's token is 401, and the user stays`, async () => {
      for (const scheme of ['apikey', 'Bearer']) {
        const intruder = scimClient(theirs.baseUrl, `${scheme} ${ours.secret}`);
        const answer = await intruder(method, `/Users/${theirUser.id}`, change(method));
        expectError(answer, 401);
        expectNothingOfTheirs(answer.text);
      }
      expect(await getUser(theirs.scim, theirUser.id)).to.deep.equal(theirUser);
    });
  }

  it("B10: POST and the lists with another organization's token are 401, without effect", async () => {
    const intruder = scimClient(theirs.baseUrl, `apikey ${ours.secret}`);
    const name = uniqueName();
    expectError(await intruder('POST', '/Users', oktaUser(name)), 401);
    for (const path of [
      '/Users',
      byUserName(userName),
      '/Groups',
      '/Schemas',
      '/ResourceTypes',
      '/ServiceProviderConfig',
    ]) {
      const answer = await intruder('GET', path);
      expectError(answer, 401);
      expectNothingOfTheirs(answer.text);
    }
    for (const { scim } of [ours, theirs]) expect((await scim('GET', byUserName(name))).body.totalResults).to.equal(0);
  });

  it('B10: lists and look-ups show the own users only, with addresses of the own organization', async () => {
    const own = ['/Users', byUserName(userName), byFilter(`externalId eq "${externalId}"`), byFilter('active eq true')];
    own.push(byFilter(`emails.value eq "${userName}"`), byFilter(`emails[type eq "work"].value eq "${userName}"`));
    for (const path of own) {
      const { body, text } = await ours.scim('GET', path);
      expect(body.totalResults, path).to.equal(1);
      expect(body.Resources).to.deep.equal([ourUser]);
      expectNothingOfTheirs(text);
    }
    expect(ourUser.meta.location).to.equal(`${ours.baseUrl}/Users/${ourUser.id}`);
    const { body } = await ours.scim('GET', byFilter(`id eq "${theirUser.id}"`));
    expect([body.totalResults, body.Resources]).to.deep.equal([0, []]);
  });

  it('B10: a userName is free again for renaming and creating whatever other organizations have', async () => {
    const name = uniqueName();
    await createUser(theirs.scim, { userName: name });
    const { status, body } = await ours.scim('PUT', `/Users/${ourUser.id}`, { ...ourUser, userName: name });
    expect([status, body.userName]).to.deep.equal([200, name]);
    const conflict = await ours.scim('POST', '/Users', oktaUser(name));
    expectError(conflict, 409, 'uniqueness');
    expectNothingOfTheirs(conflict.text);
  });

  it('B10: deleting a user leaves the one of the same name elsewhere', async () => {
    expect((await ours.scim('DELETE', `/Users/${ourUser.id}`)).status).to.equal(204);
    expect(await getUser(theirs.scim, theirUser.id)).to.deep.equal(theirUser);
    expect((await ours.scim('GET', '/Users')).body.totalResults).to.equal(0);
  });

  it('B10: the same displayName exists in two organizations, as two groups, each with its own members', async () => {
    const displayName = `Finance ${uniqueName()}`;
    const our = await createGroup(ours.scim, [ourUser.id], { displayName, externalId });
    const their = await createGroup(theirs.scim, [theirUser.id], { displayName, externalId });
    expect(our.id).not.to.equal(their.id);
    const lists = ['/Groups', `displayName eq "${displayName}"`, `externalId eq "${externalId}"`, 'members pr'];
    for (const path of [...lists, `members.value eq "${ourUser.id}"`]) {
      const { body, text } = await ours.scim('GET', path.startsWith('/') ? path : groupsBy(path));
      expect(body.Resources, path).to.deep.equal([our]);
      expectNothingOfTheirs(text);
    }
    for (const filter of [`id eq "${their.id}"`, `members.value eq "${theirUser.id}"`]) {
      expect((await ours.scim('GET', groupsBy(filter))).body.Resources).to.deep.equal([]);
    }
    expect((await ours.scim('DELETE', `/Groups/${our.id}`)).status).to.equal(204);
    expect(await getGroup(theirs.scim, their.id)).to.deep.equal(their);
  });

  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    it(`B10: ${method} of another organization's group is the same 404 as of an unknown id`, async () => {
      const their = await createGroup(theirs.scim, [theirUser.id]);
      const body = { PATCH: patchBody({ op: 'remove', path: 'members' }), PUT: oktaGroup('Taken over') }[method];
      const answer = await ours.scim(method, `/Groups/${their.id}`, body);
      expectError(answer, 404);
      expect(answer.text).to.equal((await ours.scim(method, '/Groups/nobody', body)).text);
      const intruder = scimClient(theirs.baseUrl, `apikey ${ours.secret}`);
      expectError(await intruder(method, `/Groups/${their.id}`, body), 401);
      expect(await getGroup(theirs.scim, their.id)).to.deep.equal(their);
    });
  }

  it('B10: a user of another organization is unknown as a member, by POST, PUT and PATCH', async () => {
    const our = await createGroup(ours.scim, [ourUser.id]);
    const members = [{ value: ourUser.id }, { value: theirUser.id }];
    const patch = (op: string) => patchBody({ op, path: 'members', value: members });
    const refusals = [
      await ours.scim('POST', '/Groups', oktaGroup('Mixed', [ourUser.id, theirUser.id])),
      await ours.scim('PUT', `/Groups/${our.id}`, { ...our, members }),
      await ours.scim('PATCH', `/Groups/${our.id}`, patch('add')),
      await ours.scim('PATCH', `/Groups/${our.id}`, patch('replace')),
    ];
    for (const answer of refusals) {
      expectError(answer, 400, 'invalidValue');
      const unknown = await ours.scim('PATCH', `/Groups/${our.id}`, {
        ...patchBody({ op: 'add', path: 'members', value: ['nobody'] }),
      });
      expect(answer.body.detail.replace(theirUser.id, 'nobody')).to.equal(unknown.body.detail);
    }
    expect(await getGroup(ours.scim, our.id)).to.deep.equal(our);
    expect(await getUser(theirs.scim, theirUser.id)).to.deep.equal(theirUser);
    const removed = await ours.scim(
      'PATCH',
      `/Groups/${our.id}`,
      patchBody({ op: 'remove', path: 'members', value: [theirUser.id] }),
    );
    expect(idsIn(removed.body)).to.deep.equal([ourUser.id]);
  });

  it('B10: an organization id that is not one, in other letters or with more in it, is 401', async () => {
    for (const id of [
      theirs.organizationId.toUpperCase(),
      `${ours.organizationId}x`,
      'x',
      '%2f',
      '%00',
      'a'.repeat(5000),
    ]) {
      const stranger = scimClient(ours.baseUrl.replace(ours.organizationId, id), `apikey ${ours.secret}`);
      expectError(await stranger('GET', '/Users'), 401);
    }
  });
});
