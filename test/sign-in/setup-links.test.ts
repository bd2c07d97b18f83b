/** The pages behind a setup link, as a browser without a screen sees them. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { type ForgedOkta, startForgedOkta } from '../harness/forged-okta.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../harness/organizations.js';
import { startEdge } from '../harness/processes.js';
import { createUser, scimClient } from '../harness/scim.js';
import { type SignInPair, startSignInPair } from '../harness/sign-in.js';
import { actor, eventually } from '../harness/userstore.js';
import { visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const RECIPIENT = 'Ana <ana@oakstreet.example>';
const TOKEN = /apikey ([\da-f-]{36})</;

describe('the pages behind a setup link', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('setup-links', { LOG_LEVEL: 'trace', SUPPORT_CONTACT: 'support@leasehawk.example' });
    okta = await startForgedOkta(ANA);
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });

  async function newLink(tenant?: Tenant) {
    const organizationId = tenant?.organizationId ?? (await createTenant(pair)).organizationId;
    const domains = [`${randomUUID()}.example`];
    const request = { organizationId, actor: actor(), recipient: RECIPIENT, domains };
    const { setupLink, secret } = await pair.admin.createSetupLink(request);
    return { organizationId, id: setupLink?.id ?? '', secret, domains, link: `${pair.publicUrl}/setup/link#${secret}` };
  }
  /** Opens a link in a new browser. */
  async function opened(link: string) {
    const browser = visitor(pair.publicUrl);
    const { status, location } = await browser.submit('/setup/link', '/setup/link', { link });
    expect([status, location]).to.deep.equal([303, '/setup/steps']);
    return browser;
  }
  type Browser = Awaited<ReturnType<typeof opened>>;
  const send = (browser: Browser, to: string, fields: Record<string, string> = {}) =>
    browser.submit('/setup/steps', to, fields);
  const connection = () => ({ issuer: okta.issuer, client_id: `0oa${randomUUID()}`, client_secret: 'special-secret' });

  it('take the whole link or its secret, keep it in a cookie for themselves, and forbid everything else', async () => {
    const { link, secret } = await newLink();
    for (const text of [link, secret, ` ${link}\n`]) await opened(text);
    const browser = visitor(pair.publicUrl);
    const form = await browser.get('/setup/link');
    expect(form.headers.get('content-security-policy')).to.match(/^default-src 'none'; .*form-action 'self'/);
    const done = await browser.submit('/setup/link', '/setup/link', { link });
    const cookie = done.headers.getSetCookie().find((line) => line.startsWith('__Secure-setup-link=')) ?? '';
    expect(cookie).to.match(/; Path=\/setup; HttpOnly; Secure; SameSite=Strict$/);
    const page = await browser.get('/setup/steps');
    expect(page.status).to.equal(200);
    expect(page.headers.get('cache-control')).to.equal('no-store');
    expect(page.headers.get('referrer-policy')).to.equal('same-origin');
    expect(page.said).to.include(`Okta admin of`).and.to.include('Test organization').and.to.include('○ Not yet');
    expect(page.text).to.include('&lt;ana@oakstreet.example&gt;').and.not.to.include(secret);
  });

  it('lead back to the form without a link, and refuse what is none', async () => {
    const browser = visitor(pair.publicUrl);
    const { status: found, location } = await browser.get('/setup/steps');
    expect([found, location]).to.deep.equal([303, '/setup/link']);
    for (const link of ['', 'https://example.com/', 'x'.repeat(44), `${pair.publicUrl}/setup/link#short`]) {
      const { status, said } = await browser.submit('/setup/link', '/setup/link', { link });
      expect([status, said.includes('That is no link')], link).to.deep.equal([422, true]);
    }
    const { status, said } = await browser.submit('/setup/link', '/setup/link', { link: 'x'.repeat(43) });
    expect(status).to.equal(404);
    expect(said).to.include('There is no such link').and.to.include('support@leasehawk.example');
    expect((await browser.get('/setup/token')).status).to.equal(405);
  });

  it('refuse forms of another site or another browser, and change nothing', async () => {
    const { organizationId, link } = await newLink();
    const browser = await opened(link);
    const refused = [
      await browser.post('/setup/token', {}),
      await browser.post('/setup/token', { token: 'x' }),
      await browser.submit('/setup/steps', '/setup/token', {}, { 'sec-fetch-site': 'cross-site' }),
      await browser.submit('/setup/steps', '/setup/connection', connection(), { origin: 'https://evil.example' }),
    ];
    expect(refused.map(({ status }) => status)).to.deep.equal([403, 403, 403, 403]);
    const other = visitor(pair.publicUrl);
    expect((await other.post('/setup/link', { link })).status).to.equal(403);
    const [{ issuedTokens } = { issuedTokens: -1 }] = (await pair.admin.listSetupLinks({ organizationId })).setupLinks;
    expect(issuedTokens).to.equal(0);
  });

  it('lead from the link over token and connection to the first user and the first sign-in', async () => {
    const { organizationId, link, id, domains } = await newLink();
    const browser = await opened(link);
    const issued = await send(browser, '/setup/token');
    const secret = TOKEN.exec(issued.text)?.[1] ?? '';
    const scim = scimClient(`${pair.publicUrl}/${organizationId}/scim/v2`, `apikey ${secret}`);
    const wrong = scimClient(`${pair.publicUrl}/${organizationId}/scim/v2`, 'apikey wrong');
    expect((await wrong('GET', '/Users?startIndex=1&count=2')).status).to.equal(401);
    await said(browser, /✗ Failed Credentials tested by Okta At .*: The API token/);
    expect((await scim('GET', '/Users?startIndex=1&count=2')).status).to.equal(200);
    await said(browser, /✓ Done Credentials tested by Okta/);
    await createUser(scim, { externalId: ANA.id });
    await said(browser, /✓ Done First user pushed/);
    const set = await send(browser, '/setup/connection', connection());
    expect([set.status, set.location], set.said).to.deep.equal([303, '/setup/steps']);
    await said(browser, /✓ Done Single sign-on connected/);

    const person = visitor(pair.publicUrl);
    const location = await person.leave(`ana@${domains[0]}`);
    const back = await person.get(okta.signIn(location));
    expect(back.status, back.said).to.equal(303);
    await said(browser, /✓ Done Sign-in tried/);
    const { setupLinks } = await pair.admin.listSetupLinks({ organizationId });
    expect(setupLinks[0]).to.include({ id, openAddress: '127.0.0.1', issuedTokens: 1 });
  });

  /** Waits until the page of the steps says this. */
  async function said(browser: Browser, words: RegExp): Promise<void> {
    let last = '';
    await eventually(`the page says ${words}`, async () => {
      last = (await browser.get('/setup/steps')).said;
      return words.test(last);
    }).catch((error) => {
      throw new Error(`${error.message}: ${last.slice(0, 1500)}`);
    });
  }

  it('say beside the field what is wrong, keep what was entered, and never the secret', async () => {
    const { link } = await newLink();
    const browser = await opened(link);
    const wrong: [object, RegExp][] = [
      [{ issuer: `http://127.0.0.1:1` }, /cannot read the settings of this issuer/],
      [{ issuer: 'https://oak.okta.example/?a=b' }, /must not have a query/],
      [{ issuer: 'https://10.0.0.1' }, /The issuer cannot be used|cannot read the settings/],
      [{ client_id: 'with a blank' }, /printable ASCII/],
      [{ client_secret: '' }, /needs a client secret/],
    ];
    for (const [fields, problem] of wrong) {
      const entered = { ...connection(), client_secret: 'special-secret', ...fields };
      const { status, said, text } = await send(browser, '/setup/connection', entered);
      expect([status, problem.test(said)], JSON.stringify(fields)).to.deep.equal([422, true]);
      expect(text).to.include(`value="${entered.client_id}"`).and.not.to.include('special-secret');
      expect(text).to.include('aria-describedby="connection-error"');
    }
  });

  it('say that the link has ended once it is revoked', async () => {
    const { organizationId, link, id } = await newLink();
    const browser = await opened(link);
    const page = await browser.get('/setup/steps');
    const token = /name="token" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    await pair.admin.revokeSetupLink({ organizationId, actor: actor(), setupLinkId: id });
    for (const seen of [
      await browser.get('/setup/steps'),
      await browser.post('/setup/token', { token }),
      await browser.post('/setup/connection', { token, ...connection() }),
      await visitor(pair.publicUrl).submit('/setup/link', '/setup/link', { link }),
    ]) {
      expect([seen.status, seen.said.includes('LeaseHawk support has ended this link.')]).to.deep.equal([404, true]);
    }
  });

  it('issue five tokens with one link, and say so', async () => {
    const tenant = await createTenant(pair);
    const { organizationId, link } = await newLink(tenant);
    const browser = await opened(link);
    for (let count = 0; count < 4; count++) expect((await send(browser, '/setup/token')).status).to.equal(200);
    const full = await send(browser, '/setup/token');
    expect([full.status, full.said.includes('has five API tokens already')]).to.deep.equal([409, true]);
    await pair.admin.revokeApiToken({ organizationId, actor: actor(), apiTokenId: tenant.apiTokenId });
    expect((await send(browser, '/setup/token')).status).to.equal(200);
    const { text, said } = await browser.get('/setup/steps');
    expect(said).to.include('You have issued 5 tokens.');
    expect(text).not.to.include('action="/setup/token"');
  });

  it('let one network try few wrong secrets, and other networks go on', async () => {
    const port = String(await freePort());
    const { origin, stop } = await startEdge(pair.address, { ...pair.edgeEnv, PORT: port, TRUSTED_PROXIES: '1' });
    try {
      const browser = visitor(origin);
      const attempt = (address: string, link: string) =>
        browser.submit('/setup/link', '/setup/link', { link }, { 'x-forwarded-for': address });
      const statuses = [];
      for (let count = 0; count < 31; count++) statuses.push((await attempt('192.0.2.1', 'y'.repeat(43))).status);
      expect(new Set(statuses.slice(0, 30))).to.deep.equal(new Set([404]));
      expect(statuses[30]).to.equal(429);
      const { link } = await newLink();
      expect((await attempt('192.0.2.1', link)).status).to.equal(429);
      expect((await attempt('192.0.2.2', link)).status).to.equal(303);
    } finally {
      await stop();
    }
  });

  it('leave no secret in a log, an event, an activity or another page', async () => {
    const { organizationId, link, secret } = await newLink();
    const browser = await opened(link);
    const token = TOKEN.exec((await send(browser, '/setup/token')).text)?.[1] ?? '';
    await send(browser, '/setup/connection', { ...connection(), client_secret: 'very-special-secret' });
    await send(browser, '/setup/connection', { ...connection(), client_secret: 'very-special-secret é' });
    const page = (await browser.get('/setup/steps')).text;
    const events = async () =>
      (await pair.admin.listEvents({ organizationId, types: [], startTime: undefined })).events;
    await eventually('the events are there', async () => (await events()).length >= 6);
    const asked = { organizationId, since: undefined, until: undefined };
    const { activities } = await pair.admin.listActivities(asked);
    const places = {
      logs: pair.edge.log() + pair.userstore.log(),
      page,
      stored: JSON.stringify([await events(), activities, await pair.admin.listSetupLinks({ organizationId })]),
    };
    expect(token).to.have.length(36);
    for (const [place, text] of Object.entries(places)) {
      for (const one of [secret, token, 'very-special-secret', browser.cookies.get('__Host-form') ?? '?']) {
        expect(text.includes(one), `${one.slice(0, 8)}… is in ${place}`).to.equal(false);
      }
    }
  });
});

describe('an edge without PUBLIC_URL', () => {
  it('has no pages behind setup links', async function () {
    needsOwnPair(this);
    expect((await fetch(`${(await sharedPair()).origin}/setup/link`)).status).to.equal(404);
  });
});
