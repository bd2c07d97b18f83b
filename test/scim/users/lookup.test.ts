/** Looking users up by filter and by id. Numbers are those of the product's acceptance list. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import { byFilter, byUserName, CORE_USER, createUser, expectError, patchUser, uniqueName } from '../../harness/scim.js';

describe('SCIM look-up', () => {
  it('B05: a look-up without a hit is 200 with an empty list, however it is encoded', async () => {
    const { scim } = await freshTenant();
    await createUser(scim);
    for (const path of [
      '/Users?filter=userName%20eq%20%22nobody%40acme.example%22&startIndex=1&count=100',
      '/Users?filter=userName+eq+%22nobody%40acme.example%22&startIndex=1&count=100',
      '/Users?count=100&startIndex=1&filter=userName%20eq%20%22nobody%40acme.example%22',
      '/Users?startIndex=1&filter=userName+eq+%22nobody@acme.example%22&count=100',
    ]) {
      const { status, body } = await scim('GET', path);
      expect(status, path).to.equal(200);
      expect(body, path).to.deep.include({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    }
  });

  it('B05: plus signs, quotes, backslashes and filter words in a value are the value', async () => {
    const { scim } = await freshTenant();
    const mark = randomUUID();
    for (const userName of [
      `ana+${mark}@acme.example`,
      `ana "the bell" ${mark}`,
      `acme\\ana${mark}`,
      `${mark}" or userName eq "x`,
      `${mark} and active eq false`,
      `${mark}]&count=0%20`,
      `äöß李${mark}`,
      `.*${mark}`,
    ]) {
      expect((await scim('GET', byUserName(userName))).body.totalResults, userName).to.equal(0);
      const { id } = await createUser(scim, { userName });
      const { status, body } = await scim('GET', byUserName(userName));
      expect(status, userName).to.equal(200);
      expect(
        body.Resources.map((user: { id: string }) => user.id),
        userName,
      ).to.deep.equal([id]);
    }
  });

  it('B06: a hit is the one user in full, active or not, the value in any letter case', async () => {
    const { scim, baseUrl } = await freshTenant();
    const user = await createUser(scim);
    await createUser(scim);
    for (const active of [true, false]) {
      await patchUser(scim, user.id, { op: 'replace', value: { active } });
      for (const value of [user.userName, user.userName.toUpperCase(), user.userName.toLowerCase()]) {
        const { body } = await scim('GET', byUserName(value));
        expect(body).to.include({ totalResults: 1, itemsPerPage: 1, startIndex: 1 });
        const [hit] = body.Resources;
        expect(hit).to.deep.include({
          id: user.id,
          userName: user.userName,
          name: user.name,
          emails: user.emails,
          active,
        });
        expect(hit.schemas).to.deep.equal([CORE_USER]);
        expect(hit.meta).to.include({ resourceType: 'User', location: `${baseUrl}/Users/${user.id}` });
        expect(hit).to.deep.equal((await scim('GET', `/Users/${user.id}`)).body);
      }
    }
  });

  it('users are found by externalId, id, e-mail and state, alone and joined by "and"', async () => {
    const { scim } = await freshTenant();
    const externalId = `00u${randomUUID()}`;
    const { id, userName } = await createUser(scim, { externalId });
    const twin = await createUser(scim, { externalId });
    await patchUser(scim, twin.id, { op: 'replace', value: { active: false } });
    const cases: [filter: string, ids: string[]][] = [
      [`externalId eq "${externalId}"`, [id, twin.id]],
      [`externalId eq "${externalId.toUpperCase()}"`, []],
      [`externalId eq "${externalId}" and active eq true`, [id]],
      [`externalId eq "${externalId}" and active eq false`, [twin.id]],
      [`externalId eq "${externalId}" and userName eq "${twin.userName}"`, [twin.id]],
      [`id eq "${id}"`, [id]],
      [`emails.value eq "${userName.toUpperCase()}"`, [id]],
      [`emails[type eq "work"].value eq "${userName}"`, [id]],
      [`emails[type eq "home"].value eq "${userName}"`, []],
      [`USERNAME EQ "${userName}"`, [id]],
      [`${CORE_USER}:userName eq "${userName}"`, [id]],
    ];
    for (const [filter, ids] of cases) {
      const { status, body } = await scim('GET', byFilter(filter));
      expect(status, filter).to.equal(200);
      expect(
        body.Resources.map((user: { id: string }) => user.id),
        filter,
      ).to.deep.equal(ids);
      expect(body.totalResults, filter).to.equal(ids.length);
    }
  });

  it('B07: a filter that is broken or not supported is 400 invalidFilter, never a list', async () => {
    const { scim } = await freshTenant();
    const { userName } = await createUser(scim);
    const own = `userName eq "${userName}"`;
    for (const filter of [
      '',
      ' ',
      'userName',
      'userName eq',
      'eq "x"',
      'userName eq x',
      "userName eq 'x'",
      'userName eq "x',
      'userName eq "\\x"',
      'userName == "x"',
      'active eq "maybe"',
      'nosuch eq "x"',
      'password eq "x7Rk20ab"',
      'emails[type eq "work"].value',
      'emails[type eq "work".value eq "x"',
      'userName is "x"',
      'active gt true',
      'meta.lastModified gt "yesterday"',
      'name co "x"',
      `not ${own}`,
      `${own} or`,
      `(${own}`,
      `${own})`,
      `${own} and`,
      `and ${own}`,
      `${own} active eq true`,
    ]) {
      const answer = await scim('GET', byFilter(filter));
      expectError(answer, 400, 'invalidFilter');
    }
  });

  it('B11: an unknown id is 404, whatever its form', async () => {
    const { scim } = await freshTenant();
    await createUser(scim);
    const ids = ['010101001010101011001010101011', '00919288221112222', randomUUID(), '507f1f77bcf86cd799439011', 'x'];
    for (const id of [...ids, 'null', '0', uniqueName()]) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const body = {
          PUT: { schemas: [CORE_USER], userName: uniqueName() },
          PATCH: {
            schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
            Operations: [{ op: 'replace', value: { active: false } }],
          },
        }[method];
        expectError(await scim(method, `/Users/${id}`, body), 404);
      }
    }
  });
});
