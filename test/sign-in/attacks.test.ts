/** Attacks on the return from a provider: each is refused, and each differs from what succeeds in one thing only. */
import { createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { freePort } from '../../bin/port.js';
import { attemptCookieName } from '../../edge/sign-in/attempt-cookies.js';
import { createSeals } from '../../edge/sign-in/seal.js';
import { type Draft, type ForgedOkta, newKeys, now, signed, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { startEdge } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair, userOf } from '../harness/sign-in.js';
import { type Seen, type Visitor, visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const SESSION = '__Host-session';

describe('attacks on sign-in', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;
  let userId: string;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-attacks');
    okta = await startForgedOkta(ANA);
    // A refusal must not depend on the features that a provider announces.
    okta.metadata = { id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'] };
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });
  beforeEach(async () => {
    okta.forge = signed;
    okta.requests.length = 0;
    tenant = await createSsoTenant(pair, okta.issuer);
    userId = (await createUser(tenant.scim, { externalId: ANA.id })).id;
  });

  const leave = (browser: Visitor, { domain } = tenant) => browser.leave(`ana@${domain}`);
  const back = async (browser: Visitor, who = okta) => who.signIn(await leave(browser));
  const change = (url: string, query: Record<string, string>) => {
    const changed = new URL(url);
    for (const [name, value] of Object.entries(query)) changed.searchParams.set(name, value);
    return changed.href;
  };

  async function expectIn(browser: Visitor, seen: Seen): Promise<void> {
    expect([seen.status, seen.location], seen.said).to.deep.equal([303, pair.appUrl]);
    expect(await userOf(pair, browser.cookies.get(SESSION))).to.equal(userId);
  }
  function expectOut(browser: Visitor, seen: Seen, status: number): void {
    expect(seen.status, seen.said).to.equal(status);
    expect(seen.headers.get('content-type')).to.match(/^text\/html/);
    expect(seen.said).to.include(seen.headers.get('x-request-id'));
    expect(browser.cookies.has(SESSION), 'has a session').to.equal(false);
  }

  describe('state', () => {
    it('that is missing or another is refused, and the right one still works afterwards', async () => {
      const browser = visitor(pair.publicUrl);
      const url = await back(browser);
      const code = new URL(url).searchParams.get('code') ?? '';
      const address = url.split('?')[0] ?? '';
      for (const query of [`code=${code}`, `code=${code}&state=`, `code=${code}&state=x&state=y`]) {
        expectOut(browser, await browser.get(`${address}?${query}`), 400);
      }
      expectOut(browser, await browser.get(change(url, { state: 'another' })), 400);
      expect(okta.requests).not.to.include('/oauth2/v1/token');
      await expectIn(browser, await browser.get(url));
    });

    it('is of one browser: another one that is given the address is refused', async () => {
      const [victim, attacker] = [visitor(pair.publicUrl), visitor(pair.publicUrl)];
      const url = await back(attacker);
      expectOut(victim, await victim.get(url), 400);
      await leave(victim);
      expectOut(victim, await victim.get(url), 400);
    });

    it('works once, even where the browser brings its cookie again, at another edge of the installation too', async () => {
      const browser = visitor(pair.publicUrl);
      const location = await leave(browser);
      const [[name, cookie] = ['', '']] = browser.attempts();
      const other = await startEdge(pair.address, { ...pair.edgeEnv, PORT: String(await freePort()) });
      try {
        await expectIn(browser, await browser.get(okta.signIn(location)));
        for (const origin of [pair.publicUrl, other.origin]) {
          const thief = visitor(origin);
          thief.cookies.set(name, cookie);
          // The provider gives another code for the same state, nonce and challenge.
          const { pathname, search } = new URL(okta.signIn(location));
          expectOut(thief, await thief.get(pathname + search), 400);
        }
      } finally {
        await other.stop();
      }
    });

    it('may come back to another edge of the installation', async () => {
      const other = await startEdge(pair.address, { ...pair.edgeEnv, PORT: String(await freePort()) });
      try {
        const browser = visitor(pair.publicUrl);
        const { pathname, search } = new URL(await back(browser));
        await expectIn(browser, await browser.get(`${other.origin}${pathname}${search}`));
      } finally {
        await other.stop();
      }
    });

    it('expires: one that is sealed as it must be works, and does not once its time is over', async () => {
      const { seal } = createSeals(pair.edgeEnv.LOGIN_SECRET ?? '');
      for (const seconds of [60, -1]) {
        const browser = visitor(pair.publicUrl);
        const location = await leave(browser);
        const state = new URL(location).searchParams.get('state') ?? '';
        // No attacker knows the verifier, so the provider refuses the code of a recent one.
        const { organizationId } = tenant;
        const kept = {
          state,
          nonce: 'n',
          verifier: 'v'.repeat(43),
          organizationId,
          issuer: okta.issuer,
          target: '/',
          begunBy: 'form',
        };
        browser.cookies.set(attemptCookieName(state), await seal('attempt', kept, seconds));
        okta.requests.length = 0;
        expectOut(browser, await browser.get(okta.signIn(location)), 400);
        expect(okta.requests.includes('/oauth2/v1/token')).to.equal(seconds > 0);
      }
    });

    it('that is changed, or sealed with another secret, is none', async () => {
      const { seal } = createSeals('another secret of an installation');
      const state = 'mine';
      const { organizationId } = tenant;
      const kept = {
        state,
        nonce: 'n',
        verifier: 'v',
        organizationId,
        issuer: okta.issuer,
        target: 'https://evil.example',
        begunBy: 'form',
      };
      const browser = visitor(pair.publicUrl);
      const url = await back(browser);
      const [[name, own] = ['', '']] = browser.attempts();
      const middle = Math.floor(own.length / 2);
      const changed = own.slice(0, middle) + (own[middle] === 'A' ? 'B' : 'A') + own.slice(middle + 1);
      for (const cookie of [await seal('attempt', kept, 600), changed, own.slice(0, -2), 'x', '']) {
        browser.cookies.set(name, cookie);
        browser.cookies.set(attemptCookieName(state), cookie);
        expectOut(browser, await browser.get(change(url, cookie === changed ? {} : { state })), 400);
        expectOut(browser, await browser.get(url), 400);
      }
      expect(okta.requests).not.to.include('/oauth2/v1/token');
    });
  });

  describe('a code', () => {
    it('that was used, by its own sign-in, is refused', async () => {
      const browser = visitor(pair.publicUrl);
      const url = await back(browser);
      await expectIn(browser, await browser.get(url));
      const thief = visitor(pair.publicUrl);
      const own = await back(thief);
      const code = new URL(url).searchParams.get('code') ?? '';
      expectOut(thief, await thief.get(change(own, { code })), 400);
    });

    it('of another browser’s sign-in is refused: the code is bound to its browser', async () => {
      const [victim, attacker] = [visitor(pair.publicUrl), visitor(pair.publicUrl)];
      const code = new URL(await back(victim)).searchParams.get('code') ?? '';
      const own = await back(attacker);
      expectOut(attacker, await attacker.get(change(own, { code })), 400);
    });

    it('of another organization’s sign-in is refused', async () => {
      const other = await createSsoTenant(pair, okta.issuer);
      const [here, there] = [visitor(pair.publicUrl), visitor(pair.publicUrl)];
      const code = new URL(okta.signIn(await leave(there, other))).searchParams.get('code') ?? '';
      expectOut(here, await here.get(change(await back(here), { code })), 400);
    });
  });

  describe('an ID token', () => {
    const claims =
      (more: Record<string, unknown>): ForgedOkta['forge'] =>
      (draft) =>
        signed({ ...draft, claims: { ...draft.claims, ...more } });
    const unsigned = ({ claims, header }: Draft, alg: string) =>
      [{ alg, ...header }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

    const refused: [what: string, forge: () => ForgedOkta['forge'] | Promise<ForgedOkta['forge']>][] = [
      ['with another nonce', () => claims({ nonce: 'another' })],
      ['without a nonce', () => claims({ nonce: undefined })],
      ['of another client', () => claims({ aud: '0oaAnother' })],
      ['of this client among others', () => (draft) => claims({ aud: [draft.claims.aud, '0oaAnother'] })(draft)],
      ['that another client asked for', () => claims({ azp: '0oaAnother' })],
      ['of another issuer', () => claims({ iss: 'http://127.0.0.1:9' })],
      ['without a subject', () => claims({ sub: undefined })],
      ['with a subject that is no text', () => claims({ sub: 7 })],
      ['that has expired by more than a minute', () => claims({ exp: now() - 70, iat: now() - 400 })],
      ['that does not expire', () => claims({ exp: undefined })],
      ['of more than a minute in the future', () => claims({ iat: now() + 80 })],
      ['of long ago', () => claims({ iat: now() - 3600 })],
      ['that says of no time', () => claims({ iat: undefined })],
      ['not signed ("none")', () => async (draft) => `${unsigned(draft, 'none')}.`],
      ['not signed, though it says so', () => async (draft) => `${unsigned(draft, 'RS256')}.`],
      [
        'signed with the client secret (HS256)',
        () =>
          ({ claims }) =>
            new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(tenant.clientSecret.padEnd(32))),
      ],
      [
        'signed with the public key as if it were a secret (HS256)',
        () =>
          ({ claims, keys }) => {
            const pem = createPublicKey({ key: keys.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
            const header = { alg: 'HS256', kid: keys.kid };
            return new SignJWT(claims).setProtectedHeader(header).sign(Buffer.from(pem));
          },
      ],
      [
        'signed with another key of the same name',
        async () => {
          const other = await newKeys(okta.keys.kid);
          return (draft) => signed({ ...draft, keys: other });
        },
      ],
      [
        'signed with a key that it brings along',
        async () => {
          const other = await newKeys();
          return (draft) => signed({ ...draft, keys: other, header: { jwk: other.jwk } });
        },
      ],
      ['that is no JWT', () => async () => 'x'],
      ['that is missing', () => async () => undefined as unknown as string],
    ];
    for (const [what, forge] of refused) {
      it(`${what} is refused`, async () => {
        okta.forge = await forge();
        const browser = visitor(pair.publicUrl);
        expectOut(browser, await browser.get(await back(browser)), 403);
        okta.forge = signed;
        await expectIn(browser, await browser.get(await back(browser)));
      });
    }

    for (const [what, more] of [
      ['expired within the last minute', () => ({ exp: now() - 30, iat: now() - 300 })],
      ['was made within the next minute', () => ({ iat: now() + 30 })],
      ['names its client twice over', () => ({ azp: tenant.clientId, aud: [tenant.clientId] })],
    ] as const) {
      it(`that ${what} is taken: clocks may differ, providers too`, async () => {
        okta.forge = claims(more());
        const browser = visitor(pair.publicUrl);
        await expectIn(browser, await browser.get(await back(browser)));
      });
    }
  });

  describe('two providers', () => {
    it('cannot be mixed up: no code of one is ever sent to the other', async () => {
      const evil = await startForgedOkta(ANA);
      const trap = await createSsoTenant(pair, evil.issuer);
      const browser = visitor(pair.publicUrl);
      // The browser leaves for the attacker's provider, which sends it on to the honest one, with its own state.
      const { searchParams } = new URL(await leave(browser, trap));
      const honest = new URL(await leave(visitor(pair.publicUrl)));
      honest.searchParams.set('state', searchParams.get('state') ?? '');
      honest.searchParams.set('code_challenge', searchParams.get('code_challenge') ?? '');
      honest.searchParams.set('nonce', searchParams.get('nonce') ?? '');
      expectOut(browser, await browser.get(okta.signIn(honest.href)), 400);
      for (const { requests } of [evil, okta]) expect(requests).not.to.include('/oauth2/v1/token');
      await evil.stop();
    });

    it('cannot be mixed up if the answer names its issuer', async () => {
      const browser = visitor(pair.publicUrl);
      const seen = await browser.get(change(await back(browser), { iss: 'http://127.0.0.1:9' }));
      expectOut(browser, seen, 403);
      expect(okta.requests).not.to.include('/oauth2/v1/token');
    });
  });

  describe('a session', () => {
    it('that an attacker planted is replaced and ended', async () => {
      const attacker = visitor(pair.publicUrl);
      await attacker.get(await back(attacker));
      const planted = attacker.cookies.get(SESSION) ?? '';
      const victim = visitor(pair.publicUrl);
      victim.cookies.set(SESSION, planted);
      await expectIn(victim, await victim.get(await back(victim)));
      expect(victim.cookies.get(SESSION)).not.to.equal(planted);
      expect(await userOf(pair, planted)).to.equal(undefined);
    });

    it('that is unknown or malformed does no harm', async () => {
      for (const junk of ['A'.repeat(43), 'x', '%00', '"; Path=/']) {
        const browser = visitor(pair.publicUrl);
        browser.cookies.set(SESSION, junk);
        await expectIn(browser, await browser.get(await back(browser)));
      }
    });

    it('of a user who was deleted is refused, and can be signed out of', async () => {
      const browser = visitor(pair.publicUrl);
      await browser.get(await back(browser));
      expect((await tenant.scim('DELETE', `/Users/${userId}`)).status).to.equal(204);
      expect(await userOf(pair, browser.cookies.get(SESSION))).to.equal(undefined);
      const seen = await browser.submit('/logout', '/logout', {}, { origin: pair.publicUrl });
      expect([seen.status, browser.cookies.has(SESSION)]).to.deep.equal([303, false]);
    });
  });
});
