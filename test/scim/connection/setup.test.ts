/** The setup page over HTTP: its organization, its values, and secrets that it must not show. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { AttributeType } from '../../../proto/gen/userstore/v1/extension_schema.js';
import { RehirePolicy } from '../../../proto/gen/userstore/v1/organization_service.js';
import { testMongodbUri } from '../../harness/mongod.js';
import { createTenant, freshTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS, startPair } from '../../harness/processes.js';
import { createUser, oktaUser, scimClient } from '../../harness/scim.js';
import { createGroup, oktaGroup } from '../../harness/scim-groups.js';
import { eventually } from '../../harness/userstore.js';

const urlOf = ({ baseUrl }: Tenant) => baseUrl.replace('/scim/v2', '/setup');
const textOf = async (tenant: Tenant) => (await fetch(urlOf(tenant))).text();

describe('the setup page', () => {
  before(function () {
    needsOwnPair(this);
  });

  it('needs no token, is HTML, and may load and run nothing but its own script, and frame and send nothing', async () => {
    const tenant = await freshTenant();
    const response = await fetch(urlOf(tenant));
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).to.match(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'self'; script-src 'self'; base-uri /,
    );
    for (const rule of ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]) {
      expect(policy).to.include(rule);
    }
    expect(policy).not.to.include('unsafe');
    const page = await response.text();
    for (const step of [
      'Configure API Integration',
      'Enable API Integration',
      'Test API Credentials',
      'To App',
      'Create Users',
      'Deactivate Users',
      'Push Groups',
      'Browse App Catalog',
      'Add Integration',
      'App Settings',
      'Enable SCIM provisioning',
      'SCIM connector base URL',
      'Test Connector Configuration',
    ]) {
      expect(page.replaceAll(/\s+/g, ' ')).to.include(step);
    }
    expect(page).to.include(tenant.organizationId).and.to.include(tenant.baseUrl).and.not.to.include(tenant.secret);
  });

  it('is found by an Organization ID in any letter case and with blanks around it, and has it as it is', async () => {
    const tenant = await freshTenant();
    const { organizationId: id } = tenant;
    for (const written of [id.toUpperCase(), `%20${id}%20`]) {
      const response = await fetch(urlOf(tenant).replace(id, written));
      expect(response.status, written).to.equal(200);
      expect(await response.text()).to.include(tenant.baseUrl);
    }
  });

  it('says of which day it is, and serves its script to anyone', async () => {
    const tenant = await freshTenant();
    expect(await textOf(tenant)).to.include(`<time datetime="${new Date().toISOString().slice(0, 10)}`);
    const script = await fetch(`${urlOf(tenant)}/copy.js`);
    expect([script.status, script.headers.get('content-type')]).to.deep.equal([200, 'text/javascript; charset=utf-8']);
    expect((await fetch(`${urlOf(tenant)}/copy.js`, { method: 'POST' })).status).to.equal(405);
  });

  it('follows the organization: switched-off features, own schemas, suspension', async () => {
    const tenant = await freshTenant();
    const admin = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    const attribute = { name: 'badge', type: AttributeType.ATTRIBUTE_TYPE_STRING, multiValued: false, immutable: true };
    const lists = { canonicalValues: [], subAttributes: [] };
    const rest = { description: 'The <i>badge</i>.', caseExact: false, returnedOnRequest: false, ...lists };
    const rehire = RehirePolicy.REHIRE_POLICY_CONFLICT;
    await admin.updateOrganization(tenant.organizationId, () => ({
      policy: { refuseCreate: true, refuseUpdate: false, refuseDeactivate: false, rehire },
      suspended: true,
      strictSchemas: true,
      extensionSchemas: [
        { id: 'urn:acme:2.0:User', displayName: '', description: '', attributes: [{ ...attribute, ...rest }] },
      ],
    }));
    admin.close();
    await eventually('the page says so', async () => (await textOf(tenant)).includes('is suspended'), 5000);
    const page = await textOf(tenant);
    expect(page.match(/Switched off/g)).to.have.length(1);
    expect(page).to.include('urn:acme:2.0:User').and.to.include('The &lt;i&gt;badge&lt;/i&gt;. Set once.');
    expect(page).to.include('Other attributes are refused');
  });

  it('quotes what Okta is really answered', async () => {
    const tenant = await freshTenant();
    const page = (await textOf(tenant)).replaceAll('&#39;', "'").replaceAll('&quot;', '"');
    const user = await createUser(tenant.scim);
    const answers = [
      await scimClient(tenant.baseUrl, 'apikey wrong')('GET', '/Users'),
      await scimClient(tenant.baseUrl, `apikey ${randomUUID()}`)('GET', '/Users'),
      await scimClient(tenant.baseUrl, `Bearer apikey ${tenant.secret}`)('GET', '/Users'),
      await scimClient(tenant.baseUrl, tenant.secret)('GET', '/Users'),
      await tenant.scim('POST', '/Users', oktaUser(user.userName)),
      await tenant.scim('POST', '/Users', oktaUser('')),
      await tenant.scim('POST', '/Groups', oktaGroup((await createGroup(tenant.scim)).displayName)),
      await tenant.scim('GET', '/Groups/nobody'),
    ];
    for (const { body } of answers)
      expect(page).to.include(`<dt>“${body.detail.split('. ', 1)[0].replace(/\.$/, '')}.`);
  });

  it('is 404 for an organization that there is not, 405 to other methods, 503 without userstore', async () => {
    const tenant = await freshTenant();
    const missing = await fetch(urlOf(tenant).replace(tenant.organizationId, 'nobody2here'));
    expect([missing.status, missing.headers.get('content-type')]).to.deep.equal([404, 'text/html; charset=utf-8']);
    expect(await missing.text()).to.include('Check the Organization ID');
    const posted = await fetch(urlOf(tenant), { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD, OPTIONS']);

    const pair = await startPair(testMongodbUri(`setup-${process.pid}`));
    try {
      const other = await createTenant(pair);
      await pair.userstore.stop('SIGKILL');
      const away = await fetch(urlOf(other));
      expect([away.status, away.headers.get('retry-after')]).to.deep.equal([503, '5']);
      expect(await away.text()).to.include('Not available at the moment');
    } finally {
      await pair.stop();
    }
  }).timeout(30_000);
});
