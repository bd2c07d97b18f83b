/** The setup page's steps for single sign-on: the organization's own values, and each works. */
import { expect } from 'chai';
import { startForgedOkta } from '../harness/forged-okta.js';
import { freshTenant, needsOwnPair } from '../harness/organizations.js';
import { createSsoTenant, type SignInPair, startSignInPair } from '../harness/sign-in.js';
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
      expect(text).to.include(`<code>${address}</code>`);
    }
    expect(text).to.include('<code>preferred_username</code>').and.to.include('<code>sub</code>');
    expect(text).not.to.include(tenant.clientSecret);
    // Anybody with the organization's id can read this page.
    for (const value of [tenant.clientId, tenant.domain, okta.issuer]) expect(text).not.to.include(value);
    await okta.stop();
  });

  it('is left out if sign-in is not configured', async () => {
    const { baseUrl } = await freshTenant();
    expect(await (await fetch(baseUrl.replace('/scim/v2', '/setup'))).text()).not.to.include('Single sign-on');
  });
});
