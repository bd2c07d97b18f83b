/** Staff sign in by LeaseHawk's own identity provider, or on a laptop by a link that works once. */
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { LINK_CODE, startConsole, type TestConsole } from '../harness/console.js';
import { type Okta, startOkta } from '../harness/okta.js';
import { sharedPair } from '../harness/organizations.js';

const PEOPLE = [
  { id: '00uadmin', login: 'ada@leasehawk.example', groups: ['Everyone', 'Platform'] },
  { id: '00usupport', login: 'sue@leasehawk.example', groups: ['Support'] },
  { id: '00unobody', login: 'nobody@leasehawk.example', groups: ['Sales'] },
];

/** A browser without scripts: it keeps cookies of both hosts and follows redirects. */
function createBrowser() {
  const cookies = new Map<string, string>();
  return {
    cookies,
    async open(url: string, options: RequestInit = {}): Promise<Response & { url: string }> {
      let [next, init] = [url, options];
      for (;;) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const response = await fetch(next, { ...init, headers: { ...init.headers, cookie }, redirect: 'manual' });
        for (const line of response.headers.getSetCookie()) {
          const [name, value] = (line.split(';', 1)[0] ?? '').split(/=(.*)/, 2) as [string, string];
          if (value === '') cookies.delete(name);
          else cookies.set(name, value);
        }
        const location = response.headers.get('location');
        if (location === null) return Object.defineProperty(response, 'url', { value: next });
        [next, init] = [new URL(location, next).href, {}];
      }
    },
  };
}

describe('the sign-in of staff', () => {
  let [okta, running]: [Okta?, TestConsole?] = [];
  let origin = '';

  before(async () => {
    const pair = await sharedPair();
    const port = await freePort();
    const redirectUri = `http://127.0.0.1:${port}/sign-in/return`;
    const app = {
      clientId: 'console',
      clientSecret: 'the-secret-of-the-console',
      redirectUri,
      signOutUri: redirectUri,
    };
    okta = await startOkta(PEOPLE, app);
    const roleGroups = { viewer: [], support: ['Support'], admin: ['Platform'] };
    const provider = { ...app, issuer: okta.issuer, groupsClaim: 'groups', roleGroups };
    running = await startConsole(pair.address, pair.origin, provider, port);
    origin = running.origin;
  });
  after(async () => {
    await running?.stop();
    await okta?.stop();
  });

  const signIn = async (
    browser: ReturnType<typeof createBrowser>,
    login: string,
    path = '/sign-in/start?to=/webhooks',
  ) => {
    const page = await browser.open(origin + path);
    return await browser.open(page.url, { method: 'POST', body: new URLSearchParams({ username: login }) });
  };

  it('gives the role of the groups that the identity provider names, and goes to the page that was asked for', async () => {
    for (const [login, role] of [
      ['ada@leasehawk.example', 'admin'],
      ['sue@leasehawk.example', 'support'],
    ] as const) {
      const browser = createBrowser();
      const page = await signIn(browser, login);
      expect(page.url).to.equal(`${origin}/webhooks`);
      expect(await page.text()).to.include(`<bdi>${login}</bdi>, ${role}`);
    }
  });

  it('refuses a person without a role, and begins no session', async () => {
    const browser = createBrowser();
    const page = await signIn(browser, 'nobody@leasehawk.example');
    expect([page.status, (await page.text()).includes('You have no role here')]).to.deep.equal([403, true]);
    expect(browser.cookies.has('console-session')).to.equal(false);
  });

  it('refuses an answer that the browser did not ask for, a second use of an answer, and another state', async () => {
    const browser = createBrowser();
    const page = await signIn(browser, 'ada@leasehawk.example');
    expect(page.status).to.equal(200);
    const stranger = createBrowser();
    expect((await stranger.open(`${origin}/sign-in/return?code=x&state=y`)).status).to.equal(400);
    await stranger.open(`${origin}/sign-in/start`);
    expect((await stranger.open(`${origin}/sign-in/return?code=x&state=y`)).status).to.equal(403);
    expect(stranger.cookies.has('console-session')).to.equal(false);
  });

  it('asks for a new proof before an act that cannot be undone, once the sign-in is ten minutes old', async () => {
    const browser = createBrowser();
    await signIn(browser, 'ada@leasehawk.example');
    const session = running?.sessions.find(browser.cookies.get('console-session') ?? '');
    if (!session) throw new Error('no session');
    const path = '/webhooks/any/acts/remove';
    expect(await (await browser.open(origin + path)).text()).to.include('Nobody can undo it');
    session.authTime -= 601_000;
    const page = await (await browser.open(origin + path)).text();
    expect(page).to.include('prove first who you are').and.not.to.include('name="form_token" value="x"');
    const form = new URLSearchParams({ form_token: session.formToken });
    expect((await browser.open(origin + path, { method: 'POST', body: form })).status).to.equal(403);
    const again = await signIn(browser, 'ada@leasehawk.example', `/sign-in/start?again=yes&to=${path}`);
    expect(await again.text()).to.include('Nobody can undo it');
  });

  it('takes no sign-in by an old session of the provider as a new proof', async () => {
    const browser = createBrowser();
    await signIn(browser, 'ada@leasehawk.example');
    const realNow = Date.now;
    Date.now = () => realNow() + 601_000;
    try {
      const page = await browser.open(`${origin}/sign-in/start?to=/webhooks/any/acts/remove`);
      expect(page.url).to.equal(`${origin}/webhooks/any/acts/remove`);
      expect(await page.text()).to.include('prove first who you are');
    } finally {
      Date.now = realNow;
    }
  });

  it('ends with a form: the session is gone', async () => {
    const browser = createBrowser();
    await signIn(browser, 'ada@leasehawk.example');
    const token = browser.cookies.get('console-session') ?? '';
    const formToken = running?.sessions.find(token)?.formToken ?? '';
    await browser.open(`${origin}/sign-out`, { method: 'POST', body: new URLSearchParams({ form_token: formToken }) });
    expect(running?.sessions.find(token)).to.equal(undefined);
    expect((await browser.open(`${origin}/webhooks`)).url).to.equal(`${origin}/sign-in?to=%2Fwebhooks`);
  });

  it('by the link works once, and looking at its page does not use it', async () => {
    const link = `${origin}/sign-in/link`;
    const browser = createBrowser();
    expect((await browser.open(`${link}?code=${LINK_CODE}`)).status).to.equal(200);
    const use = (code: string) => browser.open(link, { method: 'POST', body: new URLSearchParams({ code }) });
    expect((await use('another code')).status).to.equal(403);
    expect((await use(LINK_CODE)).url).to.equal(`${origin}/organizations`);
    expect((await use(LINK_CODE)).status).to.equal(403);
  });

  it('writes no token, code or secret to the log', () => {
    const log = running?.lines.join('') ?? '';
    expect(log).to.include('signed in').and.to.include('ada@leasehawk.example');
    for (const secret of [LINK_CODE, 'the-secret-of-the-console']) expect(log).not.to.include(secret);
  });
});
