/** The pages at "/" and at unknown addresses, of an edge without an application. */
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { type ForgedOkta, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { startEdge } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, startSignInPair } from '../harness/sign-in.js';
import { visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
/** The Accept header of a browser that opens an address. */
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8' };

describe('a browser at an edge without an application', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let edge: Awaited<ReturnType<typeof startEdge>>;
  let publicUrl: string;
  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('landing');
    okta = await startForgedOkta(ANA);
    const PORT = String(await freePort());
    publicUrl = `http://localhost:${PORT}`;
    edge = await startEdge(pair.address, { ...pair.edgeEnv, PORT, PUBLIC_URL: publicUrl, APP_URL: '' });
  });
  after(async () => {
    await edge?.stop();
    await okta?.stop();
    await pair?.stop();
  });

  it('lands after sign-in on a page that names the person, and that leads to sign-out', async () => {
    const tenant = await createSsoTenant(pair, okta.issuer);
    await createUser(tenant.scim, { externalId: ANA.id, userName: `<ana>@${tenant.domain}` });
    const browser = visitor(publicUrl);
    const { status, location } = await browser.get(okta.signIn(await browser.leave(`ana@${tenant.domain}`)));
    expect([status, location]).to.deep.equal([303, `${publicUrl}/`]);
    const seen = await browser.get('/', BROWSER);
    expect(seen.status).to.equal(200);
    expect(seen.said).to.match(new RegExp(`Signed in as &lt;ana&gt;@${tenant.domain} ?\\.`));
    expect(seen.text).to.include('href="/logout"');
    expect(seen.headers.get('cache-control')).to.equal('no-store');

    await browser.get('/logout', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' });
    expect((await browser.get('/', BROWSER)).said).not.to.include('Signed in as');
  });

  it('sees a page with a link to the login page at "/" while nobody is signed in, also with a forged cookie', async () => {
    const browser = visitor(publicUrl);
    browser.cookies.set('__Host-session', 'x'.repeat(43));
    for (const seen of [await visitor(publicUrl).get('/', BROWSER), await browser.get('/', BROWSER)]) {
      expect([seen.status, seen.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
      expect(seen.text).to.include('<h1>LeaseHawk user provisioning</h1>').and.to.include('href="/login"');
    }
  });

  it('sees a page at an unknown address, with status 404', async () => {
    for (const path of ['/nowhere', '/vaxcadkxb242', '/app/units/7?tab=1']) {
      const seen = await visitor(publicUrl).get(path, BROWSER);
      expect([seen.status, seen.headers.get('content-type')], path).to.deep.equal([404, 'text/html; charset=utf-8']);
      expect(seen.said).to.include('There is nothing here');
    }
  });

  for (const [title, path, init] of [
    ['that accepts anything', '/', { headers: { accept: '*/*' } }],
    ['that accepts SCIM', '/nowhere', { headers: { accept: 'application/scim+json, text/html;q=0.5' } }],
    ['that has an API token', '/nowhere', { headers: { ...BROWSER, authorization: 'apikey x' } }],
    ['that sends a body', '/nowhere', { headers: BROWSER, method: 'POST', body: '{}' }],
    ['with Accept of a Java library at a base URL that lacks the organization', '/scim/v2/Users', { headers: BROWSER }],
  ] as const) {
    it(`a client ${title} gets the SCIM error as before`, async () => {
      const response = await fetch(publicUrl + path, init as RequestInit);
      expect(response.status).to.equal(404);
      expect(await response.json()).to.deep.include({
        status: '404',
        detail: 'There is nothing at this address; the base URL ends in /scim/v2.',
      });
    });
  }

  it('sees a link to the application at "/" if there is one', async () => {
    const tenant = await createSsoTenant(pair, okta.issuer);
    await createUser(tenant.scim, { externalId: ANA.id });
    const browser = visitor(pair.publicUrl);
    await browser.get(okta.signIn(await browser.leave(`ana@${tenant.domain}`)));
    expect((await browser.get('/', BROWSER)).text).to.include(`href="${pair.appUrl}">Go to LeaseHawk</a>`);
  });

  it('needs userstore to tell who is signed in: while userstore is away, the page says so', async () => {
    const PORT = String(await freePort());
    const lost = await startEdge('127.0.0.1:1', {
      ...pair.edgeEnv,
      PORT,
      PUBLIC_URL: `http://localhost:${PORT}`,
      STORE_DEADLINE_MS: '500',
    });
    const browser = visitor(`http://localhost:${PORT}`);
    browser.cookies.set('__Host-session', 'x'.repeat(43));
    const seen = await browser.get('/', BROWSER);
    await lost.stop();
    expect([seen.status, seen.headers.get('content-type')]).to.deep.equal([503, 'text/html; charset=utf-8']);
  });
});
