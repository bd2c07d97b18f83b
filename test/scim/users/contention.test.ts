/** Writers at the same time: one wins where only one can, and nothing that was acknowledged is lost. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  ACME_USER,
  byUserName,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  uniqueName,
} from '../../harness/scim.js';

const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('SCIM contention', function () {
  this.timeout(60_000);

  it('of 50 parallel creations of one userName one is 201 and 49 are 409', async () => {
    const { scim } = await freshTenant();
    const userName = uniqueName();
    const answers = await Promise.all(
      times(50, (i) => scim('POST', '/Users', oktaUser(userName, { title: `Writer ${i}` }))),
    );
    const winners = answers.filter(({ status }) => status === 201);
    expect(winners).to.have.length(1);
    for (const answer of answers) if (answer !== winners[0]) expectError(answer, 409, 'uniqueness');
    const { body } = await scim('GET', byUserName(userName));
    expect(body.Resources).to.deep.equal([winners[0]?.body]);
  });

  it('50 parallel PATCHes of different attributes of one user lose none', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim, { displayName: undefined, locale: undefined, externalId: undefined });
    const core = [
      'displayName',
      'nickName',
      'title',
      'userType',
      'preferredLanguage',
      'locale',
      'timezone',
      'externalId',
    ];
    const names = ['formatted', 'givenName', 'familyName', 'middleName', 'honorificPrefix', 'honorificSuffix'];
    const enterprise = ['employeeNumber', 'costCenter', 'organization', 'division', 'department', 'manager.value'];
    const paths = [
      ...core,
      ...names.map((name) => `name.${name}`),
      ...enterprise.map((name) => `${ENTERPRISE_USER}:${name}`),
      ...times(10, (i) => `phoneNumbers[type eq "kind${i}"].value`),
      ...times(20, (i) => `${ACME_USER}:field${i}`),
    ];
    expect(paths).to.have.length(50);
    const patches = paths.map((path) => {
      const operation = { op: 'replace', path, value: `value of ${path}` };
      return scim('PATCH', `/Users/${id}`, patchBody(operation));
    });
    for (const { status, text } of await Promise.all(patches)) expect(status, text).to.equal(200);
    const user = await getUser(scim, id);
    for (const name of core) expect(user[name]).to.equal(`value of ${name}`);
    for (const name of names) expect(user.name[name]).to.equal(`value of name.${name}`);
    const { manager, ...flat } = user[ENTERPRISE_USER];
    for (const [name, value] of Object.entries({ ...flat, 'manager.value': manager.value })) {
      expect(value).to.equal(`value of ${ENTERPRISE_USER}:${name}`);
    }
    expect(Object.keys(flat)).to.have.members(enterprise.slice(0, 5));
    const phones = times(10, (i) => `value of phoneNumbers[type eq "kind${i}"].value`);
    expect(user.phoneNumbers.map(({ value }: { value: string }) => value)).to.have.members(phones);
    expect(user[ACME_USER]).to.deep.equal(
      Object.fromEntries(times(20, (i) => [`field${i}`, `value of ${ACME_USER}:field${i}`])),
    );
  });

  it('PUTs and PATCHes of one user at the same time each take effect whole', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim);
    const schemas = [CORE_USER];
    const put = async (mark: string) => {
      const { status, body, text } = await scim('PUT', `/Users/${id}`, {
        schemas,
        userName,
        title: mark,
        nickName: mark,
      });
      expect(status, text).to.equal(200);
      expect(body).to.include({ id, title: mark, nickName: mark }).and.not.have.any.keys('locale', 'timezone');
    };
    const patch = async (mark: string) => {
      const operation = { op: 'replace', value: { locale: mark, timezone: mark } };
      const { status, body, text } = await scim('PATCH', `/Users/${id}`, patchBody(operation));
      expect(status, text).to.equal(200);
      expect(body).to.include({ id, locale: mark, timezone: mark });
    };
    await Promise.all(times(40, (i) => (i % 2 === 0 ? put(`put ${i}`) : patch(`patch ${i}`))));
    const user = await getUser(scim, id);
    expect(user.title)
      .to.match(/^put \d+$/)
      .and.to.equal(user.nickName);
    expect(user.locale).to.equal(user.timezone);
    await patch('last');
    expect(await getUser(scim, id)).to.include({ title: user.title, locale: 'last' });
  });

  it('deactivation among parallel profile updates is not lost', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim);
    const updates = times(20, (i) => {
      const value = i === 10 ? { active: false } : { title: `Title ${i}` };
      return scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value }));
    });
    for (const { status, text } of await Promise.all(updates)) expect(status, text).to.equal(200);
    expect((await getUser(scim, id)).active).to.equal(false);
  });

  it('of 20 users renamed to one userName at the same time one gets it, the others are 409 and unchanged', async () => {
    const { scim } = await freshTenant();
    const users = await Promise.all(times(20, () => createUser(scim)));
    const userName = uniqueName();
    const answers = await Promise.all(users.map((user) => scim('PUT', `/Users/${user.id}`, { ...user, userName })));
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    for (const [i, answer] of answers.entries()) {
      if (answer.status === 200) continue;
      expectError(answer, 409, 'uniqueness');
      expect(await getUser(scim, users[i].id)).to.deep.equal(users[i]);
    }
    expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(1);
  });

  it('of parallel DELETEs of one user one is 204, the others are 404', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim);
    const answers = await Promise.all(times(10, () => scim('DELETE', `/Users/${id}`)));
    expect(answers.filter(({ status }) => status === 204)).to.have.length(1);
    for (const answer of answers) if (answer.status !== 204) expectError(answer, 404);
  });

  it('a user deleted among parallel PATCHes stays deleted', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim);
    const patch = (i: number) => scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { title: `${i}` } }));
    const [deleted, ...patched] = await Promise.all([scim('DELETE', `/Users/${id}`), ...times(20, patch)]);
    expect(deleted.status).to.equal(204);
    for (const { status } of patched) expect(status).to.be.oneOf([200, 404]);
    expectError(await scim('GET', `/Users/${id}`), 404);
  });
});
