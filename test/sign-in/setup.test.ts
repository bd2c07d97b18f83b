/** The setup page's steps for single sign-on: the organization's own values, and each works. */
import { expect } from 'chai';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { startForgedOkta } from '../harness/forged-okta.js';
import { createTenant, freshTenant, needsOwnPair } from '../harness/organizations.js';
import { createSsoTenant, type SignInPair, startSignInEdge, startSignInPair } from '../harness/sign-in.js';
import { actor } from '../harness/userstore.js';
import { visitor } from '../harness/visitor.js';

describe('the setup page’s single sign-on', function () {
  this.timeout(30_000);
  let pair: SignInPair;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-setup');
  });
  after(() => pair?.stop());

  it('has the addresses that Okta asks for, each as the edge uses it, and no secret', async () => {
    const okta = await startForgedOkta({ id: '00u1', login: 'ana' });
    const tenant = await createSsoTenant(pair, okta.issuer);
    const browser = visitor(pair.publicUrl);
    const { text } = await browser.get(`/${tenant.organizationId}/setup`);
    const redirectUri = new URL(await browser.leave(`ana@${tenant.domain}`)).searchParams.get('redirect_uri');
    for (const address of [
      redirectUri,
      ...['/logout', '/login/okta', '/login/global-token-revocation'].map((path) => pair.publicUrl + path),
    ]) {
      expect(text).to.match(new RegExp(`<code[^>]*>${address?.replaceAll('.', '\\.')}</code>`));
    }
    expect(text).to.include('<code>preferred_username</code>').and.to.include('<code>sub</code>');
    // Anybody with the organization's id can read this page.
    for (const value of [tenant.clientSecret, tenant.clientId]) expect(text).not.to.include(value);
    await okta.stop();
  });

  const sectionOf = async (organizationId: string, at = pair) => {
    const { said } = await visitor(at.publicUrl).get(`/${organizationId}/setup`);
    return said.slice(said.lastIndexOf('Single sign-on'), said.lastIndexOf('Troubleshooting'));
  };

  it('of an organization without a connection says so, and nothing of another way in', async () => {
    const { organizationId } = await createTenant(pair);
    const section = await sectionOf(organizationId);
    expect(section).to.include('Not connected yet.').and.not.include('no other way in');
  });

  it('of a connected organization names the issuer, the domains and the only way in', async () => {
    const { organizationId, domain } = await createSsoTenant(pair, 'https://oak.okta.example');
    const section = await sectionOf(organizationId);
    expect(section).to.include('Connected to https://oak.okta.example').and.to.include(domain);
    expect(section).to.include('They have no other way in.').and.not.include('Not connected');
  });

  it('of a suspended organization says that nobody can sign in', async () => {
    const { organizationId } = await createSsoTenant(pair, 'https://elm.okta.example');
    const { organization } = await pair.admin.getOrganization({ organizationId });
    const suspended = { organization: { ...organization, suspended: true } as Organization, updateMask: ['suspended'] };
    await pair.admin.updateOrganization({ organizationId, actor: actor(), ...suspended });
    expect(await sectionOf(organizationId)).to.include('While the organization is suspended, nobody can sign in.');
  });

  it('says where a password is another way in, and has the address of LeaseHawk support', async () => {
    const env = { PASSWORD_LOGIN_URL: 'https://password.example/', SUPPORT_CONTACT: 'help@leasehawk.example' };
    const other = await startSignInEdge(pair, env);
    try {
      const { organizationId } = await createSsoTenant(other, 'https://ash.okta.example', { required: false });
      expect(await sectionOf(organizationId, other)).to.include('allowed them to use a password instead');
      const { text } = await visitor(other.publicUrl).get(`/${organizationId}/setup`);
      expect(text).to.include('href="mailto:help@leasehawk.example"');
    } finally {
      await other.stop();
    }
  });

  it('says that two apps are needed where OIDC and provisioning cannot be one', async () => {
    const { organizationId } = await createTenant(pair);
    expect(await sectionOf(organizationId)).to.include('you probably need two apps');
  });

  it('is left out if sign-in is not configured', async () => {
    const { baseUrl } = await freshTenant();
    expect(await (await fetch(baseUrl.replace('/scim/v2', '/setup'))).text()).not.to.include('Single sign-on');
  });
});
