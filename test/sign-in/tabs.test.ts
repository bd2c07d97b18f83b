/** Sign-ins of one browser in several tabs, what HEAD and forms of Okta do, and the login page of a signed-in person. */
import { expect } from 'chai';
import { type ForgedOkta, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair, userOf } from '../harness/sign-in.js';
import { type Visitor, visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };

describe('a browser that signs in', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;
  let user: { id: string; userName: string };
  let browser: Visitor;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-tabs');
    okta = await startForgedOkta(ANA);
    tenant = await createSsoTenant(pair, okta.issuer);
    user = await createUser(tenant.scim, { externalId: ANA.id });
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });
  beforeEach(() => {
    browser = visitor(pair.publicUrl);
  });

  let people = 0;
  const leave = (query = '') => browser.leave(`ana+${people++}@${tenant.domain}`, query);
  const session = () => userOf(pair, browser.cookies.get('__Host-session'));
  const tile = (more: Record<string, string> = {}) => new URLSearchParams({ iss: okta.issuer, ...more });

  describe('in two tabs', () => {
    it('returns in both, in any order, each to its own address', async () => {
      const first = await leave('?return_to=/app/one');
      const second = await leave('?return_to=/app/two');
      for (const [location, path] of [
        [second, '/app/two'],
        [first, '/app/one'],
      ] as const) {
        const seen = await browser.get(okta.signIn(location));
        expect([seen.status, seen.location], seen.said).to.deep.equal([303, pair.publicUrl + path]);
        expect(await session()).to.equal(user.id);
      }
      expect(browser.attempts()).to.deep.equal([]);
    });

    it('keeps the newest four sign-ins; the oldest begins again', async () => {
      const locations: string[] = [];
      for (let tab = 0; tab < 6; tab++) {
        locations.push(await leave());
        // The time in the name of a cookie has whole seconds.
        await new Promise((resolve) => setTimeout(resolve, 1010));
        expect(browser.attempts().length).to.be.at.most(4);
      }
      const [oldest = '', , third = ''] = locations;
      expect((await browser.get(okta.signIn(oldest))).status).to.equal(400);
      expect((await browser.get(okta.signIn(third))).status).to.equal(303);
    }).timeout(20_000);

    it('keeps fewer where their addresses are long, so that no header becomes too large', async () => {
      for (let tab = 0; tab < 5; tab++) await leave(`?return_to=/app/${'x'.repeat(1900)}${tab}`);
      const bytes = browser.attempts().reduce((sum, [, value]) => sum + value.length, 0);
      expect(bytes).to.be.below(6 * 1024);
      expect(browser.attempts().length).to.be.at.least(1);
    });
  });

  describe('with HEAD', () => {
    const head = (path: string) =>
      fetch(new URL(path, pair.publicUrl), {
        method: 'HEAD',
        redirect: 'manual',
        headers: { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      });

    it('neither begins a sign-in, nor uses one up, nor signs out', async () => {
      okta.requests.length = 0;
      for (const path of ['/login', `/login/okta?${tile()}`, '/logout']) {
        const { status, headers } = await head(path);
        expect([status, headers.getSetCookie(), headers.get('cache-control')], path).to.deep.equal([
          200,
          [],
          'no-store',
        ]);
      }
      expect(okta.requests).to.deep.equal([]);
      const back = okta.signIn(await leave());
      expect((await head(back)).headers.getSetCookie()).to.deep.equal([]);
      expect((await browser.get(back)).status).to.equal(303);
      expect((await head('/logout')).headers.getSetCookie()).to.deep.equal([]);
      expect(await session()).to.equal(user.id);
    });
  });

  describe('from the tile by a form', () => {
    it('goes on as by a link, and the form itself sets nothing', async () => {
      const fields = { iss: okta.issuer, target_link_uri: `${pair.appUrl}/units/7`, login_hint: `x@${tenant.domain}` };
      const posted = await browser.post('/login/okta', fields, { 'sec-fetch-site': 'cross-site' });
      expect(posted.status).to.equal(303);
      expect(posted.headers.getSetCookie()).to.deep.equal([]);
      const left = await browser.get(posted.location);
      expect(new URL(left.location).origin).to.equal(okta.issuer);
      const seen = await browser.get(okta.signIn(left.location));
      expect(seen.location).to.equal(`${pair.appUrl}/units/7`);
      expect(await session()).to.equal(user.id);
    });

    it('passes on nothing but the three parameters of OpenID Connect, of a bounded length', async () => {
      const long = 'x'.repeat(3000);
      const posted = await browser.post('/login/okta', { iss: okta.issuer, other: 'x', target_link_uri: long });
      expect(posted.location).to.equal(`/login/okta?${tile()}`);
      expect((await browser.post('/login/okta', {})).location).to.equal('/login/okta?');
    });
  });

  describe('and is signed in', () => {
    beforeEach(async () => {
      await browser.get(okta.signIn(await leave()));
    });

    it('reads on the login page who it is, goes on to the asked address, or signs out', async () => {
      const { status, said, text } = await browser.get('/login?return_to=/app/units/7');
      expect([status, said.startsWith(`You are signed in As ${user.userName}`)], said).to.deep.equal([200, true]);
      expect(text).to.include(`href="${pair.publicUrl}/app/units/7"`).and.to.include('action="/logout"');
      expect((await browser.get('/login?return_to=https://evil.example')).text).to.include(`href="${pair.appUrl}"`);
      const out = await browser.submit('/login', '/logout', {}, { 'sec-fetch-site': 'same-origin' });
      expect(out.status).to.equal(303);
      expect(await session()).to.equal(undefined);
      expect((await browser.get('/login')).said).to.include('E-mail address');
    });

    it('gets the form again once the session is over', async () => {
      const { organizationId } = tenant;
      await pair.admin.unlinkUser({ organizationId, actor: { caller: 'test', requestId: 'x' }, userId: user.id });
      expect(await session()).to.equal(undefined);
      expect((await browser.get('/login')).said).to.include('E-mail address');
    });
  });
});
