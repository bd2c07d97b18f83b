/** The login page over HTTP: its policy, its texts, its limits and its CSRF protection. */
import { expect } from 'chai';
import { type ForgedOkta, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair, sharedPair } from '../harness/organizations.js';
import { createUser } from '../harness/scim.js';
import {
  createSsoTenant,
  type SignInPair,
  type SsoTenant,
  startSignInEdge,
  startSignInPair,
  userOf,
} from '../harness/sign-in.js';
import { visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const NEUTRAL = 'This address cannot be used to sign in here. Check it, or ask your administrator.';

describe('the login page', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-page');
    okta = await startForgedOkta(ANA);
    tenant = await createSsoTenant(pair, okta.issuer);
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });

  it('loads and runs nothing, cannot be framed and is not cached', async () => {
    const { status, headers, text } = await visitor(pair.publicUrl).get('/login');
    expect([status, headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).to.match(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'self'; base-uri 'none'; form-action 'self' https: /,
    );
    expect(policy).to.include("frame-ancestors 'none'").and.not.to.include('unsafe');
    expect(headers.get('cache-control')).to.equal('no-store');
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(text).not.to.match(/<script|<img|<link (?!rel="icon" href="\/favicon.svg")|style=|https?:\/\//);
    expect(text)
      .to.match(/<label for="email">/)
      .and.to.match(/autocomplete="username"/)
      .and.to.match(/inputmode="email"/);
  });

  it('answers the same for every address of a domain, known or not', async () => {
    await createUser(tenant.scim, { userName: `known@${tenant.domain}` });
    const places = [];
    for (const name of ['known', 'unknown']) {
      const { status, location } = await visitor(pair.publicUrl).login(`${name}@${tenant.domain}`);
      places.push([status, location.replace(/(state|nonce|code_challenge)=[^&]*/g, '').replace(name, '')]);
    }
    expect(places[0]).to.deep.equal(places[1]);
  });

  it('says one neutral sentence of any other address, where there are no passwords', async () => {
    for (const email of ['ana@nowhere.example', `ana@sub.${tenant.domain}`, `ana@${tenant.domain}.example`]) {
      const { status, said, text } = await visitor(pair.publicUrl).login(email);
      expect([status, said.includes(NEUTRAL)]).to.deep.equal([422, true]);
      expect(text).to.include('aria-describedby="error"').and.to.include(`value="${email}"`);
    }
  });

  it('shows the typed address as text, whatever it is', async () => {
    const { text } = await visitor(pair.publicUrl).login('"><script>alert(1)</script>@x.example');
    expect(text).not.to.include('<script');
    expect(text).to.include('&quot;&gt;&lt;script&gt;');
  });

  describe('with a password page', () => {
    let other: SignInPair;
    before(async () => {
      other = await startSignInEdge(pair, { PASSWORD_LOGIN_URL: 'https://password.example/in?a=b' });
    });
    after(() => other?.stop());

    it('sends all other people there', async () => {
      const { status, location } = await visitor(other.publicUrl).login('ana@nowhere.example');
      expect([status, location]).to.deep.equal([303, 'https://password.example/in?a=b']);
    });

    it('does not offer it to an organization that must sign in through its provider', async () => {
      const own = await createSsoTenant(other, okta.issuer);
      const { status, location } = await visitor(other.publicUrl).login(`ana@${own.domain}`);
      expect([status, new URL(location).origin]).to.deep.equal([303, okta.issuer]);
    });

    it('offers both where the organization allows it', async () => {
      const own = await createSsoTenant(other, okta.issuer, { required: false });
      const browser = visitor(other.publicUrl);
      const { status, text } = await browser.login(`ana@${own.domain}`);
      expect(status).to.equal(200);
      expect(text).to.include('href="https://password.example/in?a=b"');
      const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
      const chosen = await browser.post('/login', { email: `ana@${own.domain}`, way: 'sso', token });
      expect([chosen.status, new URL(chosen.location).origin]).to.deep.equal([303, okta.issuer]);
    });
  });

  describe('takes no form of another site', () => {
    const cases: [what: string, headers: Record<string, string>][] = [
      ['as the browser says', { 'sec-fetch-site': 'cross-site' }],
      ['as the browser says of a neighbour', { 'sec-fetch-site': 'same-site' }],
      ['as an older browser says', { origin: 'https://evil.example' }],
      ['of a page without an origin', { origin: 'null' }],
    ];
    for (const [what, headers] of cases) {
      it(what, async () => {
        const browser = visitor(pair.publicUrl);
        const email = `csrf@${tenant.domain}`;
        const seen = await browser.submit('/login', '/login', { email }, headers);
        expect([seen.status, browser.attempts()]).to.deep.equal([403, []]);
        expect(seen.said).to.include('Please press Continue once more');
      });
    }

    it('without the token of this browser, whatever its origin; and accepts its own', async () => {
      const [own, other] = [visitor(pair.publicUrl), visitor(pair.publicUrl)];
      const email = `form@${tenant.domain}`;
      const { text } = await other.get('/login');
      const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
      expect((await own.post('/login', { email, token })).status).to.equal(403);
      await own.get('/login');
      for (const fields of [{ email }, { email, token }, { email, token: '' }, { email, token: 'x' }]) {
        expect((await own.post('/login', fields as Record<string, string>)).status).to.equal(403);
      }
      expect(own.attempts()).to.deep.equal([]);
      for (const headers of [{}, { origin: pair.publicUrl }, { 'sec-fetch-site': 'same-origin' }]) {
        expect((await own.submit('/login', '/login', { email }, headers)).status).to.equal(303);
      }
    });
  });

  describe('logout', () => {
    async function signedIn() {
      const own = await createSsoTenant(pair, okta.issuer);
      const { id } = await createUser(own.scim, { externalId: ANA.id });
      const browser = visitor(pair.publicUrl);
      await browser.get(okta.signIn(await browser.leave(`ana@${own.domain}`)));
      const token = browser.cookies.get('__Host-session');
      expect(await userOf(pair, token)).to.equal(id);
      return { browser, token, isIn: async () => (await userOf(pair, token)) === id };
    }

    it('by a link on a page of ours ends the session and the cookie', async () => {
      const { browser, isIn } = await signedIn();
      const seen = await browser.get('/logout', { 'sec-fetch-site': 'same-origin' });
      expect([seen.status, seen.location, await isIn()]).to.deep.equal([303, '/logout', false]);
      expect(browser.cookies.has('__Host-session')).to.equal(false);
      expect((await browser.get('/logout')).said).to.include('You are signed out');
    });

    it('by what no person has followed asks first: a picture on a page of ours, a page loaded in advance', async () => {
      const { browser, isIn } = await signedIn();
      for (const more of [{ 'sec-fetch-dest': 'image' }, { 'sec-purpose': 'prefetch' }]) {
        const seen = await browser.get('/logout', { 'sec-fetch-site': 'same-origin', ...more });
        expect([seen.status, await isIn()]).to.deep.equal([200, true]);
      }
    });

    it('by a link from anywhere else asks first', async () => {
      const { browser, isIn } = await signedIn();
      for (const site of ['cross-site', 'same-site', 'none', undefined]) {
        const seen = await browser.get('/logout', site === undefined ? {} : { 'sec-fetch-site': site });
        expect([seen.status, await isIn()]).to.deep.equal([200, true]);
        expect(seen.said).to.include('Sign out of LeaseHawk?');
      }
      expect((await browser.submit('/logout', '/logout', {})).status).to.equal(303);
      expect(await isIn()).to.equal(false);
    });

    it('by a form from anywhere else does nothing but ask', async () => {
      const { browser, isIn } = await signedIn();
      const refused: Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { origin: 'https://evil.example' },
        {},
      ];
      for (const headers of refused) {
        expect((await browser.post('/logout', {}, headers)).status).to.equal(403);
        expect(await isIn()).to.equal(true);
      }
    });

    it('works while the provider is down', async () => {
      const gone = await startForgedOkta(ANA);
      const own = await createSsoTenant(pair, gone.issuer);
      await createUser(own.scim, { externalId: ANA.id });
      const browser = visitor(pair.publicUrl);
      await browser.get(gone.signIn(await browser.leave(`ana@${own.domain}`)));
      const token = browser.cookies.get('__Host-session');
      await gone.stop();
      const seen = await browser.get('/logout', { 'sec-fetch-site': 'same-origin' });
      expect([seen.status, seen.location]).to.deep.equal([303, '/logout']);
      expect(await userOf(pair, token)).to.equal(undefined);
    });
  });

  it('and all that belongs to it answer with pages, errors too', async () => {
    const browser = visitor(pair.publicUrl);
    const paths: [method: string, path: string, status: number][] = [
      ['PUT', '/login', 405],
      ['PUT', '/login/okta', 405],
      ['DELETE', '/logout', 405],
      ['GET', '/login/nowhere', 404],
      ['GET', '/login/return', 404],
      ['GET', '/login/return/%zz?state=x', 400],
      ['GET', '/login/return/x?code=y&state=z', 400],
    ];
    for (const [method, path, status] of paths) {
      const answer = await fetch(pair.publicUrl + path, { method });
      expect([answer.status, answer.headers.get('content-type')], path).to.deep.equal([
        status,
        'text/html; charset=utf-8',
      ]);
      expect(await answer.text()).to.include(answer.headers.get('x-request-id'));
    }
    const big = await browser.post('/login', { email: 'x'.repeat(20_000) });
    expect(big.status).to.equal(413);
    expect(big.headers.get('content-type')).to.match(/html/);
  });

  it('is limited to ten attempts a minute for one account, and limited for one network', async () => {
    const limited = await startSignInEdge(pair, { TRUSTED_PROXIES: '1' });
    try {
      const own = await createSsoTenant(limited, okta.issuer);
      await createUser(own.scim, { externalId: ANA.id });
      const type = (email: string, from: string, browser = visitor(limited.publicUrl)) =>
        browser.submit('/login', '/login', { email }, { 'x-forwarded-for': from });
      const statuses: number[] = [];
      for (let i = 0; i < 11; i++) {
        const name = i % 2 ? 'ANA' : 'ana';
        statuses.push((await type(`${name}@${own.domain}`, '203.0.113.7')).status);
      }
      expect(statuses).to.deep.equal([...Array.from({ length: 10 }, () => 303), 429]);
      expect((await type(`bob@${own.domain}`, '203.0.113.7')).status).to.equal(303);

      // Whatever anonymous clients type, the person gets in from their own network, but not any number of times.
      const returns: number[] = [];
      for (let i = 0; i < 11; i++) {
        const browser = visitor(limited.publicUrl);
        const { location } = await type(`ana@${own.domain}`, `198.51.100.${i}`, browser);
        returns.push((await browser.get(okta.signIn(location))).status);
      }
      expect(returns).to.deep.equal([...Array.from({ length: 10 }, () => 303), 429]);

      const path = '/login/return/x?state=x&code=y';
      const many = await Promise.all(Array.from({ length: 250 }, () => visitor(limited.publicUrl).get(path)));
      expect(new Set(many.map(({ status }) => status))).to.deep.equal(new Set([400, 429]));
      const refused = await visitor(limited.publicUrl).login(`eve@${own.domain}`);
      expect(refused.status).to.equal(429);
      expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
      expect(refused.said).to.match(/^Too many attempts Please wait \d+ seconds, then try again\. Reference/);
      expect((await own.scim('GET', '/Users')).status).to.equal(200);
    } finally {
      await limited.stop();
    }
  });

  it('says so while the user store is away', async () => {
    await pair.userstore.stop();
    try {
      const { status, said, headers } = await visitor(pair.publicUrl).login('ana@acme.example');
      expect([status, headers.get('retry-after')]).to.deep.equal([503, '5']);
      expect(said).to.match(/Sign-in does not work at the moment.*Try again/);
    } finally {
      await pair.userstore.start();
    }
  });

  it('says that sign-in is not set up, where the edge does not know its own address', async () => {
    const { origin } = await sharedPair();
    for (const path of [
      '/login',
      '/login/okta?iss=x',
      '/login/return/x',
      '/login/global-token-revocation',
      '/logout',
    ]) {
      const { status, said } = await visitor(origin).get(path);
      expect([status, said]).to.deep.equal([
        503,
        'Sign-in is not set up Sign-in is not set up here. Ask LeaseHawk support.',
      ]);
    }
  });
});
