/** Connecting Okta: the probe, the API token, the media types. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { freshTenant, needsOwnPair, sharedPair } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import { byUserName, createUser, expectError, oktaUser, scimClient, uniqueName } from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

const PROBE = '/Users?startIndex=1&count=2';
const UNKNOWN = '0f8fad5b-d9cb-469f-a165-70867728950e';

describe('SCIM connection', () => {
  it('B01: the connection test is 200 with a ListResponse of at most two users, whole numbers in it', async () => {
    const { scim } = await freshTenant();
    for (let i = 0; i < 3; i++) await createUser(scim);
    const { status, headers, body } = await scim('GET', PROBE);
    expect(status).to.equal(200);
    expect(headers.get('content-type')).to.match(/^application\/scim\+json\b/);
    expect(body.schemas).to.deep.equal(['urn:ietf:params:scim:api:messages:2.0:ListResponse']);
    expect(Number.isInteger(body.totalResults)).to.equal(true);
    expect(body.totalResults).to.be.at.least(3);
    expect(body).to.include({ startIndex: 1, itemsPerPage: 2 });
    expect(body.Resources).to.have.length(2);
  });

  it('B01: the connection test of an organization without users is 200 with an empty list', async function () {
    needsOwnPair(this);
    const { scim } = await freshTenant();
    const { status, body } = await scim('GET', PROBE);
    expect(status).to.equal(200);
    expect(body).to.deep.include({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
  });

  it('a base URL with a slash at its end, so that paths begin with two, is read as one without', async () => {
    const { baseUrl, scim, secret } = await freshTenant();
    const { id, userName } = await createUser(scim);
    const withSlash = scimClient(`${baseUrl}/`, `apikey ${secret}`);
    expect((await withSlash('GET', `/Users/${id}`)).body).to.include({ id, userName });
    expect((await withSlash('GET', byUserName(userName))).body.totalResults).to.equal(1);
    const { status, body } = await withSlash('POST', '//Users', oktaUser(uniqueName()));
    expect(status).to.equal(201);
    expect(body.meta.location).to.equal(`${baseUrl}/Users/${body.id}`);
  });

  it('B02: without a valid token every request is 401, before the body is read and without effect', async () => {
    const { baseUrl, scim, secret } = await freshTenant();
    const { id } = await createUser(scim);
    const credentials = [undefined, '', 'non-token', secret, 'apikey', `apikey ${UNKNOWN}`, `Bearer ${UNKNOWN}`];
    credentials.push(`Basic ${secret}`, `apikey ${secret}x`, `apikey ${secret} ${secret}`, `apikey "${secret}"`);
    for (const Authorization of credentials) {
      const userName = uniqueName();
      const anonymous = scimClient(baseUrl, '');
      const answers = [
        await anonymous('GET', PROBE, undefined, { Authorization }),
        await anonymous('GET', '/Users?filter=)broken(', undefined, { Authorization }),
        await anonymous('GET', '/Nowhere', undefined, { Authorization }),
        await anonymous('POST', '/Users', '{"broken', { Authorization }),
        await anonymous('POST', '/Users', 'text', { Authorization, 'Content-Type': 'text/plain' }),
        await anonymous('POST', '/Users', oktaUser(userName), { Authorization }),
        await anonymous('DELETE', `/Users/${id}`, undefined, { Authorization }),
      ];
      for (const answer of answers) {
        expectError(answer, 401);
        expect(answer.headers.get('www-authenticate')).to.match(/^Bearer/);
        expect(answer.body.detail).to.match(/API token/);
        expect(answer.text).not.to.include(secret);
      }
      expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(0);
    }
    expect((await scim('GET', `/Users/${id}`)).status).to.equal(200);
  });

  it("B02: another organization's token and an unknown organization are 401 in the same words", async function () {
    needsOwnPair(this);
    const { baseUrl, scim, organizationId } = await freshTenant();
    const other = await freshTenant();
    expect((await other.scim('GET', PROBE)).status).to.equal(200);
    const userName = uniqueName();
    const intruder = scimClient(baseUrl, `apikey ${other.secret}`);
    const nowhere = scimClient(other.baseUrl.replace(other.organizationId, 'nowhere'), `apikey ${other.secret}`);
    const refusals = [
      await intruder('GET', PROBE),
      await intruder('POST', '/Users', oktaUser(userName)),
      await nowhere('GET', PROBE),
    ];
    for (const refusal of refusals) {
      expectError(refusal, 401);
      expect(refusal.text).to.equal(refusals[0]?.text).and.not.include(organizationId);
    }
    expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(0);
  });

  it('B03: "apikey" and "Bearer" introduce the token, in any letter case', async () => {
    const { baseUrl, secret } = await freshTenant();
    for (const scheme of ['apikey', 'Apikey', 'ApiKey', 'APIKEY', 'Bearer', 'bearer', 'BEARER']) {
      expect((await scimClient(baseUrl, `${scheme} ${secret}`)('GET', PROBE)).status, scheme).to.equal(200);
    }
  });

  it('B03: after a rotation the new token works and the revoked one is 401 within five seconds', async function () {
    needsOwnPair(this);
    const { organizationId, apiTokenId, baseUrl, scim } = await freshTenant();
    expect((await scim('GET', PROBE)).status).to.equal(200);
    const admin = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    try {
      const { secret } = await admin.issueToken(organizationId, 'next');
      const next = scimClient(baseUrl, `apikey ${secret}`);
      expect((await next('GET', PROBE)).status).to.equal(200);
      expect((await scim('GET', PROBE)).status, 'both tokens work until one is revoked').to.equal(200);
      await admin.revokeToken(organizationId, apiTokenId);
      const late = Date.now() + 5000;
      while ((await scim('GET', PROBE)).status === 200 && Date.now() < late) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expectError(await scim('GET', PROBE), 401);
      expect((await next('GET', PROBE)).status).to.equal(200);
    } finally {
      admin.close();
    }
  });

  it('concurrent requests with one token share one check of it by userstore', async function () {
    needsOwnPair(this);
    const { userstore } = await sharedPair();
    const { scim } = await freshTenant();
    const asked = () => userstore.log().split('VerifyApiToken').length - 1;
    const before = asked();
    const answers = await Promise.all(Array.from({ length: 100 }, () => scim('GET', '/Schemas')));
    for (const { status } of answers) expect(status).to.equal(200);
    await eventually('it is logged', async () => asked() > before);
    // One more for each time that the answer is forgotten, should the machine be slow.
    expect(asked() - before).to.be.within(1, 10);
  });

  it('B04: both JSON media types are read alike, with and without charset', async () => {
    const { scim } = await freshTenant();
    const types = ['application/json', 'application/scim+json'];
    for (const type of [
      ...types,
      ...types.map((one) => `${one}; charset=utf-8`),
      'Application/SCIM+JSON;charset=UTF-8',
    ]) {
      const userName = uniqueName();
      const body = oktaUser(userName, { displayName: 'Zoë Łuczak 李' });
      const answer = await scim('POST', '/Users', body, { 'Content-Type': type });
      expect(answer.status, type).to.equal(201);
      expect(answer.body).to.include({ userName, displayName: 'Zoë Łuczak 李' });
    }
  });

  it('B04: no Accept header leads to 406, and no Content-Type on a GET to 415', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim);
    const accepts = [
      undefined,
      '*/*',
      'application/scim+json; charset=utf-8',
      'application/json',
      'text/html',
      'text/json',
    ];
    for (const Accept of accepts) {
      expect((await scim('GET', PROBE, undefined, { Accept })).status, Accept).to.equal(200);
      expect((await scim('GET', `/Users/${id}`, undefined, { Accept })).status, Accept).to.equal(200);
    }
    for (const type of ['application/scim+json; charset=utf-8', 'application/json', 'text/plain']) {
      expect((await scim('GET', PROBE, undefined, { 'Content-Type': type })).status, type).to.equal(200);
    }
  });

  it('B23: saving the connection asks for groups and gets a list, empty for a new organization', async function () {
    needsOwnPair(this);
    const { scim } = await freshTenant();
    for (const path of ['/Groups?startIndex=1&count=100', '/Groups?filter=displayName%20eq%20%22Finance%22']) {
      const { status, body } = await scim('GET', path);
      expect(status).to.equal(200);
      expect(body).to.deep.include({ totalResults: 0, itemsPerPage: 0, Resources: [] });
    }
    expectError(await scim('GET', '/Groups/010101001010101011001010101011'), 404);
  });
});
