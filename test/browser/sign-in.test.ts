/** Signing in as people do it: a real browser, a real OpenID provider dressed as Okta, the application behind. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { freePort } from '../../bin/port.js';
import { startBrowser } from '../harness/browser.js';
import { type Okta, startOkta } from '../harness/okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser, patchUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair, userOf } from '../harness/sign-in.js';
import { actor } from '../harness/userstore.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const BOB = { id: '00u2bobcdEFGH2ijkl5d7', login: 'bob@acme.example' };
const CLEO = { id: '00u3cleodEFGH2ijkl5d7', login: 'cleo@acme.example' };
const STRANGER = { id: '00u9stranger', login: 'sam@acme.example' };

/** A stand-in for LeaseHawk's application: it checks the session on each request. */
async function startApplication(
  port: number,
  whose: (sessionToken: string | undefined) => Promise<string | undefined>,
) {
  const server = createServer(async (request, response) => {
    const token = /(?:^|; )__Host-session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    const user = await whose(token);
    response.writeHead(user === undefined ? 401 : 200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><title>LeaseHawk</title><p id="user">${user ?? 'nobody'}</p><p>${request.url}</p>`);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('sign-in in a browser', function () {
  this.timeout(60_000);
  let chromium: Browser;
  let pair: SignInPair;
  let okta: Okta;
  let application: Server;
  let tenant: SsoTenant;
  let userId: string;
  let bobsId: string;
  let cleosId: string;
  let context: BrowserContext;
  let page: Page;
  const problems: string[] = [];

  before(async function () {
    needsOwnPair(this);
    chromium = await startBrowser(this);
    const appPort = await freePort();
    const env = { APP_URL: `http://localhost:${appPort}/`, PASSWORD_LOGIN_URL: `http://127.0.0.1:${appPort}/password` };
    pair = await startSignInPair('browser-sign-in', env);
    application = await startApplication(appPort, (token) => userOf(pair, token));
    const oktaPort = await freePort();
    tenant = await createSsoTenant(pair, `http://127.0.0.1:${oktaPort}`);
    const { clientId, clientSecret, organizationId } = tenant;
    const redirectUri = `${pair.publicUrl}/login/return/${organizationId}`;
    const app = { clientId, clientSecret, redirectUri, signOutUri: `${pair.publicUrl}/logout` };
    okta = await startOkta([ANA, BOB, CLEO, STRANGER], app, oktaPort);
    userId = (await createUser(tenant.scim, { externalId: ANA.id, userName: ANA.login })).id;
    bobsId = (await createUser(tenant.scim, { externalId: BOB.id, userName: BOB.login })).id;
    cleosId = (await createUser(tenant.scim, { externalId: CLEO.id, userName: CLEO.login })).id;
  });
  after(async () => {
    await chromium?.close();
    await okta?.stop();
    application?.closeAllConnections();
    application?.close();
    await pair?.stop();
  });
  beforeEach(async () => {
    context = await chromium.newContext();
    page = await context.newPage();
    problems.length = 0;
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
  });
  afterEach(() => context?.close());

  /** Another account each time: one may not try often. */
  let accounts = 0;
  const address = () => `ana+${accounts++}@${tenant.domain}`;
  const typeAddress = async (address: string) => {
    await page.goto(`${pair.publicUrl}/login`);
    await page.fill('input[name=email]', address);
    await page.keyboard.press('Enter');
  };
  const signInAtOkta = async () => {
    await page.waitForURL(`${okta.issuer}/signin/*`);
    await page.click('button');
  };
  async function signIn({ login } = ANA): Promise<void> {
    await typeAddress(address());
    await page.waitForURL(`${okta.issuer}/signin/*`);
    await page.fill('input[name=username]', login);
    await signInAtOkta();
    await page.waitForURL(pair.appUrl);
  }
  const user = () => page.textContent('#user');

  it('leads from the address over Okta to the application, signed in', async () => {
    await page.goto(`${pair.publicUrl}/login`);
    expect(await page.evaluate('document.activeElement.name')).to.equal('email');
    await page.fill('input[name=email]', `ana@${tenant.domain}`);
    await page.click('button');
    await page.waitForURL(`${okta.issuer}/signin/*`);
    expect(await page.inputValue('input[name=username]')).to.equal(`ana@${tenant.domain}`);
    await page.fill('input[name=username]', ANA.login);
    await signInAtOkta();
    await page.waitForURL(pair.appUrl);
    expect(await user()).to.equal(userId);
    const [session] = (await context.cookies()).filter(({ name }) => name === '__Host-session');
    expect(session).to.deep.include({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: 'localhost' });
  });

  it('needs no second sign-in at Okta: the form then leads through in one go, which the page’s policy allows', async () => {
    await signIn();
    await context.clearCookies({ name: '__Host-session' });
    await typeAddress(address());
    await page.waitForURL(pair.appUrl);
    expect(await user()).to.equal(userId);
    expect(problems.filter((text) => /Content Security Policy/i.test(text))).to.deep.equal([]);
  });

  it('goes to the page that was asked for', async () => {
    await page.goto(`${pair.publicUrl}/login?return_to=${encodeURIComponent(`${pair.appUrl}units/7`)}`);
    await page.fill('input[name=email]', address());
    await page.keyboard.press('Enter');
    await page.waitForURL(`${okta.issuer}/signin/*`);
    await page.fill('input[name=username]', ANA.login);
    await signInAtOkta();
    await page.waitForURL(`${pair.appUrl}units/7`);
  });

  it('B19: a user who is disabled while signed in is out with the next request, and signs in again once reactivated', async () => {
    await signIn();
    const active = (value: boolean) => ({ op: 'replace', value: { active: value } });
    await patchUser(tenant.scim, userId, active(false));
    await page.reload();
    expect(await user()).to.equal('nobody');

    await typeAddress(address());
    await page.waitForURL(`${pair.publicUrl}/login/return/**`);
    expect(await page.innerText('main')).to.include(
      'You do not have access to LeaseHawk. Ask your Okta administrator.',
    );
    const reference = await page.innerText('code');
    const { organizationId } = tenant;
    const asked = { organizationId, since: undefined, until: undefined, requestId: reference };
    let detail: string | undefined;
    for (let tries = 0; detail === undefined && tries < 50; tries++) {
      await page.waitForTimeout(100);
      detail = (await pair.admin.listActivities(asked)).activities[0]?.detail;
    }
    expect(detail).to.match(/^The user is disabled\./);

    await patchUser(tenant.scim, userId, active(true));
    await page.goto(pair.appUrl);
    expect(await user()).to.equal('nobody');
    await typeAddress(address());
    await page.waitForURL(pair.appUrl);
    expect(await user()).to.equal(userId);
  });

  it('starts from the tile on Okta’s dashboard', async () => {
    await page.goto(`${pair.publicUrl}/login/okta?iss=${encodeURIComponent(okta.issuer)}`);
    await page.waitForURL(`${okta.issuer}/signin/*`);
    await page.fill('input[name=username]', CLEO.login);
    await signInAtOkta();
    await page.waitForURL(pair.appUrl);
    expect(await user()).to.equal(cleosId);
  });

  it('is refused to a person that Okta knows and LeaseHawk does not', async () => {
    await typeAddress(`sam@${tenant.domain}`);
    await page.waitForURL(`${okta.issuer}/signin/*`);
    await page.fill('input[name=username]', STRANGER.login);
    await signInAtOkta();
    await page.waitForURL(`${pair.publicUrl}/login/return/**`);
    expect(await page.innerText('main')).to.include('You do not have access to LeaseHawk.');
    expect((await context.cookies()).some(({ name }) => name === '__Host-session')).to.equal(false);
  });

  it('ends here and at Okta by the button on the logout page', async () => {
    await signIn();
    const ended = (await context.cookies()).find(({ name }) => name === '__Host-session')?.value;
    await page.goto(`${pair.publicUrl}/logout`);
    expect(await page.innerText('h1')).to.equal('Sign out of LeaseHawk?');
    await page.click('button');
    await page.waitForURL(`${pair.publicUrl}/logout`);
    await page.waitForSelector('text=You are signed out');
    expect(okta.requests).to.include('/oauth2/v1/logout');
    expect(await userOf(pair, ended)).to.equal(undefined);
    await page.goto(pair.appUrl);
    expect(await user()).to.equal('nobody');
    // Okta asks again, so it was signed out of, too.
    await typeAddress(address());
    await page.waitForURL(`${okta.issuer}/signin/*`);
    expect(problems.filter((text) => /Content Security Policy/i.test(text))).to.deep.equal([]);
  });

  it('is not ended by a link or a form on another site', async () => {
    await signIn();
    const elsewhere = okta.issuer;
    await page.goto(`${elsewhere}/.well-known/openid-configuration`);
    await page.setContent(`<a href="${pair.publicUrl}/logout">Win</a>
      <form method="post" action="${pair.publicUrl}/logout"><button>Win</button></form>`);
    await page.click('a');
    await page.waitForSelector('text=Sign out of LeaseHawk?');
    await page.goto(`${elsewhere}/.well-known/openid-configuration`);
    await page.setContent(`<form method="post" action="${pair.publicUrl}/logout"><button>Win</button></form>`);
    await page.click('button');
    await page.waitForURL(`${pair.publicUrl}/logout`);
    await page.goto(pair.appUrl);
    expect(await user()).to.equal(userId);
  });

  it('of any other address leads to the password page', async () => {
    await typeAddress('ana@nowhere.example');
    await page.waitForURL('**/password');
    expect(problems.filter((text) => /Content Security Policy/i.test(text))).to.deep.equal([]);
  });

  it('describes the error of an address, and links it to the field', async () => {
    await page.goto(`${pair.publicUrl}/login`);
    await page.evaluate('document.querySelector("form").noValidate = true');
    await page.fill('input[name=email]', 'ana');
    await page.click('button');
    await page.waitForSelector('#error');
    const field = page.getByLabel('E-mail address');
    expect(await field.getAttribute('aria-describedby')).to.equal('error');
    expect(await field.inputValue()).to.equal('ana');
    expect(await page.evaluate('document.activeElement.name')).to.equal('email');
  });

  it('works without scripts, by keyboard alone', async () => {
    const plain = await chromium.newContext({ javaScriptEnabled: false });
    const other = await plain.newPage();
    await other.goto(`${pair.publicUrl}/login`);
    await other.keyboard.type(address());
    await other.keyboard.press('Tab');
    await other.keyboard.press('Enter');
    await other.waitForURL(`${okta.issuer}/signin/*`);
    await plain.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`fits the smallest phone, with contrast that can be read (${colorScheme})`, async () => {
      const phone = await chromium.newContext({
        viewport: { width: 320, height: 568 },
        colorScheme,
        deviceScaleFactor: 2,
      });
      const small = await phone.newPage();
      await small.goto(`${pair.publicUrl}/login`);
      await small.evaluate('document.querySelector("form").noValidate = true');
      await small.fill('input[name=email]', 'ana@');
      await small.click('button');
      await small.waitForSelector('#error');
      await expectReadable(small, `login-${colorScheme}`);
      await phone.close();
    });
  }

  async function expectReadable(small: Page, name: string): Promise<void> {
    if (process.env.SCREENSHOTS) await small.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await small.evaluate(overflow)).to.equal(0);
    const contrasts = (await small.evaluate(CONTRASTS)) as [element: string, ratio: number, least: number][];
    expect(contrasts.length).to.be.above(4);
    for (const [element, ratio, least] of contrasts) expect(ratio, element).to.be.at.least(least);
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`a link that signs in another user asks first, by keyboard, without scripts, on the smallest phone (${colorScheme})`, async () => {
      const viewport = { width: 320, height: 568 };
      const phone = await chromium.newContext({
        viewport,
        colorScheme,
        deviceScaleFactor: 2,
        javaScriptEnabled: false,
      });
      const small = await phone.newPage();
      small.on('console', (message) => problems.push(message.text()));
      /** The person who signs in at Okta now, from a page on another site. */
      const followAs = async ({ login }: typeof ANA) => {
        await phone.clearCookies({ domain: '127.0.0.1' });
        await small.goto(`${okta.issuer}/.well-known/openid-configuration`);
        await small.setContent(`<a href="${pair.publicUrl}/login/okta?iss=${encodeURIComponent(okta.issuer)}">Win</a>`);
        await small.click('a');
        await small.waitForURL(`${okta.issuer}/signin/*`);
        await small.fill('input[name=username]', login);
        await small.click('button');
      };
      await followAs(CLEO);
      await small.waitForURL(pair.appUrl);
      expect(await small.textContent('#user')).to.equal(cleosId);

      await followAs(BOB);
      await small.waitForSelector('text=Continue as another user?');
      await expectReadable(small, `another-user-${colorScheme}`);
      expect(await small.innerText('main')).to.include(`You are signed in to LeaseHawk as ${CLEO.login}.`);
      await small.keyboard.press('Tab');
      await small.keyboard.press('Tab');
      await small.keyboard.press('Enter');
      await small.waitForURL(pair.appUrl);
      expect(await small.textContent('#user')).to.equal(cleosId);

      await followAs(BOB);
      await small.getByRole('button', { name: `Continue as ${BOB.login}` }).click();
      await small.waitForURL(pair.appUrl);
      expect(await small.textContent('#user')).to.equal(bobsId);
      expect(problems.filter((text) => /Content Security Policy/i.test(text))).to.deep.equal([]);
      await phone.close();
    });
  }

  it('a lock by LeaseHawk’s support keeps a person out of the browser, too', async () => {
    const { organizationId } = tenant;
    await signIn(BOB);
    expect(await user()).to.equal(bobsId);
    await pair.admin.lockUser({ organizationId, actor: actor(), userId: bobsId, reason: 'test' });
    await page.reload();
    expect(await user()).to.equal('nobody');
    await pair.admin.unlockUser({ organizationId, actor: actor(), userId: bobsId });
    await page.reload();
    expect(await user()).to.equal('nobody');
  });
});

/** Returns the contrast of each text with its background, and of the field's border (WCAG 2.2, 1.4.3 and 1.4.11). */
const CONTRASTS = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => numbers(color).slice(0, 3).map((n) => n / 255)
    .map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4))
    .reduce((sum, n, i) => sum + n * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (numbers(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('h1, label, p, input:not([type=hidden]), button, a')]
    .map((e) => [e.tagName, ratio(getComputedStyle(e).color, behind(e)), 4.5]);
  const borders = [...document.querySelectorAll('input:not([type=hidden])')]
    .map((e) => ['border', ratio(getComputedStyle(e).borderTopColor, behind(e.parentElement)), 3]);
  return [...texts, ...borders];
})()`;
