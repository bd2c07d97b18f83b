/** The text of a 401: what came, and what the Okta admin does about it; the same in the activity. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { freshTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import { createUser, expectError, scimClient } from '../../harness/scim.js';
import { actor, eventually, userstoreClient } from '../../harness/userstore.js';

const PROBE = '/Users?startIndex=1&count=2';

describe('a 401', () => {
  let tenant: Tenant;
  before(async () => {
    tenant = await freshTenant();
  });

  async function refusalOf(authorization: string | undefined, { baseUrl } = tenant) {
    const refused = await scimClient(baseUrl, '')('GET', PROBE, undefined, { Authorization: authorization });
    expectError(refused, 401);
    expect(refused.text).not.to.include(tenant.secret);
    return refused;
  }

  const cases: [what: string, header: (secret: string) => string | undefined, says: RegExp][] = [
    ['no header', () => undefined, /^No API token came.*"Authorization: apikey <token>"/],
    ['a scheme alone', () => 'Bearer', /^No API token came/],
    [
      '"Bearer apikey <token>" of a wizard app',
      (secret) => `Bearer apikey ${secret}`,
      /enter the token alone, without the word "apikey"/,
    ],
    ['a token without a word before it', (secret) => secret, /^The API token came without the word "apikey"/],
    ['a token in quotes', (secret) => `apikey "${secret}"`, /other text around it/],
    ['the word twice', (secret) => `apikey apikey ${secret}`, /other text around it/],
    ['Basic', () => 'Basic YWRtaW46c2VjcmV0', /Set the authentication to HTTP Header/],
    ['a text that is no token', () => 'apikey my-token', /does not have the form of a token/],
    [
      'a token that was never issued',
      () => `apikey ${randomUUID()}`,
      /The form is right, but the organization has no such token/,
    ],
  ];
  for (const [what, header, says] of cases) {
    it(`for ${what} says what came and what to enter`, async () => {
      expect((await refusalOf(header(tenant.secret))).body.detail).to.match(says);
    });
  }

  it('says that the own token was revoked or has expired, and when', async function () {
    needsOwnPair(this);
    const admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    const support = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    try {
      const { organizationId } = tenant;
      const today = new Date().toISOString().slice(0, 10);
      const revoked = await support.issueToken(organizationId, 'revoked');
      await support.revokeToken(organizationId, revoked.apiToken.id);
      const { detail } = (await refusalOf(`apikey ${revoked.secret}`)).body;
      expect(detail).to.equal(`The API token was revoked on ${today}. Ask LeaseHawk support for a new one.`);
      const replaced = await support.issueToken(organizationId, 'replaced');
      const apiTokenId = replaced.apiToken.id;
      await admin.rotateApiToken({ organizationId, actor: actor(), apiTokenId, overlapSeconds: 0 });
      expect((await refusalOf(`Bearer ${replaced.secret}`)).body.detail).to.match(/^The API token expired on \d{4}-/);
      // Another organization's holder of an ended token learns no more than of a token that was never issued.
      const other = await freshTenant();
      const unknown = (await refusalOf(`apikey ${randomUUID()}`, other)).text;
      expect((await refusalOf(`apikey ${revoked.secret}`, other)).text).to.equal(unknown);
    } finally {
      admin.close();
      support.close();
    }
  });

  it('is recorded in the activity of the organization with the same reason', async function () {
    needsOwnPair(this);
    const own = await freshTenant();
    const refused = await refusalOf(`Bearer apikey ${own.secret}`, own);
    const requestId = refused.headers.get('x-request-id') ?? '';
    const admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    const asked = { organizationId: own.organizationId, since: undefined, until: undefined, requestId };
    const list = async () => (await admin.listActivities(asked)).activities;
    await eventually('the activity is recorded', async () => (await list()).length > 0, 5000);
    expect((await list())[0]).to.include({ status: 401, detail: refused.body.detail });
    admin.close();
  });
});

describe('the Organization ID in an address', () => {
  it('is found in any letter case and with blanks around it; answers and activities have it as it is', async function () {
    needsOwnPair(this);
    const { organizationId, baseUrl, secret, scim } = await freshTenant();
    const { id } = await createUser(scim);
    const admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    for (const written of [
      organizationId.toUpperCase(),
      `%20${organizationId}%20`,
      `${organizationId}%C2%A0`,
      `%09${organizationId}`,
    ]) {
      const base = baseUrl.replace(organizationId, written);
      const answer = await scimClient(base, `apikey ${secret}`)('GET', `/Users/${id}`);
      expect(answer.status, written).to.equal(200);
      expect(answer.body.meta.location).to.equal(`${baseUrl}/Users/${id}`);
      const requestId = answer.headers.get('x-request-id') ?? '';
      const asked = { organizationId, since: undefined, until: undefined, requestId };
      const list = async () => (await admin.listActivities(asked)).activities;
      await eventually(`${written} is recorded`, async () => (await list()).length > 0, 5000);
    }
    admin.close();
  });

  it('that cannot be one is 401 and says so', async () => {
    const { organizationId, baseUrl, secret } = await freshTenant();
    for (const written of ['oak-street', 'a%20b', 'x'.repeat(40)]) {
      const refused = await scimClient(baseUrl.replace(organizationId, written), `apikey ${secret}`)('GET', PROBE);
      expectError(refused, 401);
      expect(refused.body.detail).to.include('The Organization ID in the address does not have the form of one');
    }
  });
});
