/** Which attributes are shown (RFC 7644 section 3.9). */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import {
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  oktaUser,
  patchBody,
  uniqueName,
} from '../../harness/scim.js';

const ACME = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';

describe('SCIM projection', () => {
  let tenant: Tenant;
  let id: string;
  before(async () => {
    tenant = await freshTenant();
    const enterprise = { department: 'Sales', manager: { value: '7', displayName: 'Mo' } };
    ({ id } = await createUser(tenant.scim, {
      title: 'CFO',
      [ENTERPRISE_USER]: enterprise,
      [ACME]: { badge: 'b', desk: 1 },
    }));
  });
  const shown = async (query: string) => {
    const { status, body, text } = await tenant.scim('GET', `/Users/${id}?${query}`);
    expect(status, text).to.equal(200);
    return body;
  };
  const keys = (body: object) => Object.keys(body).filter((key) => key !== 'schemas' && key !== 'id');

  it('"attributes" shows these and nothing else, beside id and schemas', async () => {
    const body = await shown('attributes=userName,name.givenName,emails.value');
    expect(keys(body)).to.have.members(['emails', 'name', 'userName']);
    expect(body.id).to.equal(id);
    expect(body.schemas).to.include(CORE_USER);
    expect(body.name).to.have.all.keys('givenName');
    for (const email of body.emails) expect(email).to.have.all.keys('value');
  });

  it('names are understood in any letter case, with blanks and with URNs', async () => {
    const query = `attributes=${encodeURIComponent(`USERNAME , ${CORE_USER}:title,${ENTERPRISE_USER}:Manager.displayName,${ACME}:badge`)}`;
    const body = await shown(query);
    expect(keys(body)).to.have.members(['title', ENTERPRISE_USER, ACME, 'userName']);
    expect(body[ENTERPRISE_USER]).to.deep.equal({ manager: { displayName: 'Mo' } });
    expect(body[ACME]).to.deep.equal({ badge: 'b' });
    expect((await shown(`attributes=${encodeURIComponent(ENTERPRISE_USER)}`))[ENTERPRISE_USER]).to.have.all.keys(
      'department',
      'manager',
    );
  });

  it('"excludedAttributes" shows all but these, and always id and schemas', async () => {
    const all = await shown('');
    const body = await shown(
      `excludedAttributes=id,schemas,emails,name.familyName,meta,${ENTERPRISE_USER}:department,${ACME}`,
    );
    expect(keys(body)).to.deep.equal(keys(all).filter((key) => !['emails', 'meta', ACME].includes(key)));
    expect(body.name).to.not.have.any.keys('familyName');
    expect(body[ENTERPRISE_USER]).to.have.all.keys('manager');
    expect(body.id).to.equal(id);
  });

  it('a name that nothing has selects nothing', async () => {
    expect(keys(await shown('attributes=nosuch,name.nosuch,__proto__,constructor'))).to.have.members([]);
    expect(keys(await shown('excludedAttributes=nosuch'))).to.deep.equal(keys(await shown('')));
    expect(keys(await shown('attributes='))).to.deep.equal(keys(await shown('')));
  });

  it('lists, searches and the answers of POST, PUT and PATCH are projected alike', async () => {
    const list = await tenant.scim('GET', '/Users?attributes=userName');
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'];
    const search = await tenant.scim('POST', '/Users/.search', { schemas, attributes: ['userName'] });
    for (const { body } of [list, search])
      for (const user of body.Resources) expect(keys(user)).to.have.members(['userName']);
    const created = await tenant.scim('POST', '/Users?attributes=userName', oktaUser(uniqueName()));
    const path = `/Users/${created.body.id}?attributes=userName`;
    const replaced = await tenant.scim('PUT', path, oktaUser(uniqueName()));
    const patched = await tenant.scim('PATCH', path, patchBody({ op: 'add', path: 'title', value: 'x' }));
    for (const { status, body } of [created, replaced, patched]) {
      expect(status).to.be.oneOf([200, 201]);
      expect(keys(body)).to.have.members(['userName']);
    }
  });

  it('both parameters at once, or too many names, are 400, and nothing is written', async () => {
    const userName = uniqueName();
    const both = 'attributes=userName&excludedAttributes=emails';
    expectError(await tenant.scim('GET', `/Users?${both}`), 400, 'invalidValue');
    expectError(await tenant.scim('POST', `/Users?${both}`, oktaUser(userName)), 400, 'invalidValue');
    expectError(await tenant.scim('GET', `/Users?attributes=${'a,'.repeat(200)}`), 400, 'invalidValue');
    const found = await tenant.scim('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
    expect(found.body.totalResults).to.equal(0);
  });
});
