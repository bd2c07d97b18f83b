/** The forms in which OneLogin and JumpCloud provision users. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  byUserName,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  putUser,
  scimClient,
  uniqueName,
} from '../../harness/scim.js';

describe('SCIM from OneLogin', () => {
  /** The body from an admin's JSON template. */
  const template = (userName: string, active: string, more = {}) => ({
    schemas: [CORE_USER, ENTERPRISE_USER],
    id: null,
    userName,
    active,
    name: { givenName: 'Ana', familyName: 'Bell', formatted: '' },
    emails: [{ value: userName, type: 'work', primary: 'true' }],
    [ENTERPRISE_USER]: { department: 'Tours', employeeNumber: '', manager: { managerId: '17', displayName: 'Jo' } },
    ...more,
  });

  it('the connection test, a look-up of an unknown user, is 200 with an empty list', async () => {
    const { scim } = await freshTenant();
    const { status, body } = await scim('GET', `/Users?filter=userName%20eq%20%22${randomUUID()}%22`);
    expect(status).to.equal(200);
    expect(body).to.deep.include({ totalResults: 0, Resources: [] });
  });

  it('a template with booleans as text, a null id and unknown sub-attributes makes a user', async () => {
    const { scim } = await freshTenant();
    const userName = uniqueName();
    const { status, body } = await scim('POST', '/Users', template(userName, 'true'));
    expect(status).to.equal(201);
    expect(body).to.deep.include({
      userName,
      active: true,
      name: { givenName: 'Ana', familyName: 'Bell' },
      emails: [{ value: userName, type: 'work', primary: true }],
      [ENTERPRISE_USER]: { department: 'Tours', manager: { displayName: 'Jo' } },
    });
    expect(body.id).to.be.a('string');
    const inactive = await scim('POST', '/Users', template(uniqueName(), 'False'));
    expect(inactive.body.active).to.equal(false);
  });

  it('a PUT of the template updates, deactivates and reactivates, the null id notwithstanding', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim);
    const title = 'Guide';
    expect(await putUser(scim, id, template(userName, 'true', { title }))).to.include({ id, title, active: true });
    expect(await putUser(scim, id, template(userName, 'false'))).to.include({ id, title, active: false });
    expect(await putUser(scim, id, template(userName, 'true', { title }))).to.include({ id, title, active: true });
  });

  it('answers are application/json to a client that accepts nothing else, errors too', async () => {
    const { scim } = await freshTenant();
    const plain = { Accept: 'application/json', 'Content-Type': 'application/json' };
    const created = await scim('POST', '/Users', template(uniqueName(), 'true'), plain);
    expect(created.status).to.equal(201);
    const answers = [
      created,
      await scim('GET', '/Users?count=1', undefined, plain),
      await scim('GET', '/Users/no', undefined, plain),
    ];
    for (const { headers } of answers) expect(headers.get('content-type')).to.match(/^application\/json\b/);
  });

  it('a user is deleted or suspended, as the admin chose', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim);
    expect(await putUser(scim, id, template(userName, 'false'))).to.include({ active: false });
    expect((await scim('DELETE', `/Users/${id}`)).status).to.equal(204);
    expectError(await scim('GET', `/Users/${id}`), 404);
  });
});

describe('SCIM from JumpCloud', () => {
  it('activation makes a test user with a Bearer token, deletes the user at once, and can be repeated', async () => {
    const { baseUrl, secret } = await freshTenant();
    const scim = scimClient(baseUrl, `Bearer ${secret}`);
    const userName = uniqueName();
    const ids = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { status, body } = await scim('POST', '/Users', oktaUser(userName));
      expect(status).to.equal(201);
      ids.add(body.id);
      const deleted = await scim('DELETE', `/Users/${body.id}`);
      expect([deleted.status, deleted.text]).to.deep.equal([204, '']);
      expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(0);
    }
    expect(ids.size).to.equal(3);
  });

  it('removal is a deactivation by PUT or PATCH, and the user stays', async () => {
    const { scim } = await freshTenant();
    const byPut = await createUser(scim);
    expect(await putUser(scim, byPut.id, { ...byPut, active: false })).to.include({ active: false });
    const byPatch = await createUser(scim);
    const body = patchBody({ op: 'replace', path: 'active', value: false });
    expect((await scim('PATCH', `/Users/${byPatch.id}`, body)).status).to.equal(200);
    expect((await getUser(scim, byPatch.id)).active).to.equal(false);
  });
});
