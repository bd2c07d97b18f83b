/** A provider that is slow, down, broken or changes its keys: a clear page and a way to try again, and never a hang. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type ForgedOkta, newKeys, signed, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair } from '../harness/sign-in.js';
import { eventually } from '../harness/userstore.js';
import { type Seen, visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
/** Longer than the edge waits. */
const PATIENCE_MS = 15_000;
const DISCOVERY = '/.well-known/openid-configuration';
const TOKEN = '/oauth2/v1/token';
const KEYS = '/oauth2/v1/keys';

describe('a provider', function () {
  this.timeout(60_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-provider');
  });
  after(() => pair?.stop());
  beforeEach(async () => {
    okta = await startForgedOkta(ANA);
    tenant = await createSsoTenant(pair, okta.issuer);
    await createUser(tenant.scim, { externalId: ANA.id });
  });
  afterEach(() => okta.stop().catch(() => undefined));

  const browser = () => visitor(pair.publicUrl);
  const email = () => `ana@${tenant.domain}`;
  const at = (path: string, answer: (response: ServerResponse) => void) => {
    okta.instead = (asked, response) => {
      if (asked === path) answer(response);
      return asked === path;
    };
  };
  const json = (response: ServerResponse, body: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  /** The page for trouble, soon enough; and once it is over, the way that it offers. */
  async function expectTrouble(ask: () => Promise<Seen>, again: string): Promise<void> {
    const start = Date.now();
    const seen = await ask();
    expect(Date.now() - start).to.be.below(PATIENCE_MS);
    expect(seen.status, seen.said).to.equal(502);
    expect(seen.said).to.match(
      /Sign-in does not work at the moment.*try again in a minute.*Try again.*Reference: [\da-f-]{36}/,
    );
    expect(seen.text).to.include(again);
  }

  const HTML = { 'content-type': 'text/html' };
  const JSON_TYPE = { 'content-type': 'application/json' };
  const misbehaviours: [what: string, answer: (response: ServerResponse) => void][] = [
    ['says nothing', () => undefined],
    ['begins to answer and stops', (response) => response.writeHead(200).write('{')],
    ['hangs up', (response) => response.socket?.destroy()],
    ['answers 500', (response) => response.writeHead(500).end()],
    ['is asked too much', (response) => response.writeHead(429).end()],
    ['is behind a proxy that shows its own page', (response) => response.writeHead(200, HTML).end('<p>One moment</p>')],
    ['answers what only looks like JSON', (response) => response.writeHead(200, JSON_TYPE).end('eyJ-secret')],
    ['answers without end', (response) => void response.writeHead(200).end('x'.repeat(1024 * 1024))],
  ];
  for (const [what, answer] of misbehaviours) {
    it(`that ${what}, whatever it is asked, is trouble; the way that the page offers then leads to a session`, async () => {
      await Promise.all([isTroubleAt(DISCOVERY, answer), isTroubleAt(TOKEN, answer), isTroubleAt(KEYS, answer)]);
    });
  }

  /** A provider that fails at this path when it is needed, and is well again afterwards. */
  async function isTroubleAt(path: string, answer: (response: ServerResponse) => void): Promise<void> {
    const own = await startForgedOkta(ANA);
    const { domain, scim } = await createSsoTenant(pair, own.issuer);
    await createUser(scim, { externalId: ANA.id });
    const person = browser();
    const fail = () => {
      own.instead = (asked, response) => {
        if (asked === path) answer(response);
        return asked === path;
      };
    };
    const query = '?return_to=/app/x';
    const again = path === DISCOVERY ? `/login?return_to=` : '/login/okta?iss=';
    if (path === DISCOVERY) {
      fail();
      await expectTrouble(() => person.login(`ana@${domain}`, query), `href="${again}`);
    } else {
      const url = own.signIn(await person.leave(`ana@${domain}`, query));
      fail();
      await expectTrouble(() => person.get(url), `href="${again}`);
    }
    own.honest();
    const { location } = path === DISCOVERY ? await person.login(`ana@${domain}`, query) : await retry(own);
    expect((await person.get(own.signIn(location))).location).to.equal(`${pair.publicUrl}/app/x`);
    await own.stop();

    async function retry({ issuer }: ForgedOkta) {
      return await person.get(`/login/okta?${new URLSearchParams({ iss: issuer, target_link_uri: '/app/x' })}`);
    }
  }

  it('that is not there is trouble', async () => {
    await okta.stop();
    await expectTrouble(() => browser().login(email()), 'href="/login"');
  });

  it('is never followed elsewhere', async () => {
    const elsewhere = await startForgedOkta(ANA);
    for (const path of [DISCOVERY, TOKEN, KEYS]) {
      const person = browser();
      const redirect = (response: ServerResponse) =>
        response.writeHead(307, { location: elsewhere.issuer + path }).end();
      if (path === DISCOVERY) {
        at(path, redirect);
        await expectTrouble(() => person.login(email()), 'Try again');
        okta.honest();
        continue;
      }
      const url = okta.signIn(await person.leave(email()));
      at(path, redirect);
      await expectTrouble(() => person.get(url), 'Try again');
      okta.honest();
    }
    expect(elsewhere.requests).to.deep.equal([]);
    await elsewhere.stop();
  });

  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'end_session_endpoint']) {
    it(`with a ${name} on another host is not trusted`, async () => {
      okta.metadata = { [name]: 'http://127.0.0.1:9/x' };
      await expectTrouble(() => browser().login(email()), 'Try again');
    });
  }

  it('that calls itself by another name is not believed', async () => {
    at(DISCOVERY, (response) => json(response, { issuer: 'https://acme.okta.com', token_endpoint: okta.issuer }));
    await expectTrouble(() => browser().login(email()), 'Try again');
  });

  it('that does not take the client secret is a page that sends to LeaseHawk support, not to try again', async () => {
    const refusals: ((response: ServerResponse) => void)[] = [
      (response) => void response.writeHead(401, { 'www-authenticate': 'Basic' }).end(),
      (response) =>
        void response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}'),
    ];
    for (const refuse of refusals) {
      const person = browser();
      const url = okta.signIn(await person.leave(email()));
      at(TOKEN, refuse);
      const { status, said } = await person.get(url);
      expect([status, said]).to.satisfy(
        () => status === 502 && said.startsWith('Sign-in is not set up correctly'),
        said,
      );
      expect(said).to.include('Ask LeaseHawk support').and.not.include('Try again');
      okta.honest();
    }
  });

  it('that reports an error of the request is not set up correctly, whatever its name', async () => {
    for (const error of ['unauthorized_client', 'invalid_scope', 'constructor']) {
      const person = browser();
      const { searchParams, pathname } = new URL(okta.signIn(await person.leave(email())));
      const query = new URLSearchParams({ error, state: searchParams.get('state') ?? '' });
      const { status, said } = await person.get(`${pathname}?${query}`);
      expect([status, said.startsWith('Sign-in is not set up correctly')], said).to.deep.equal([502, true]);
    }
  });

  it('whose clock differs is a page about clocks that sends to LeaseHawk support', async () => {
    const seconds = Math.floor(Date.now() / 1000);
    for (const times of [{ iat: seconds + 75 }, { nbf: seconds + 75 }, { iat: seconds - 400, exp: seconds - 100 }]) {
      const person = browser();
      okta.forge = (draft) => signed({ ...draft, claims: { ...draft.claims, ...times } });
      const { status, said } = await person.get(okta.signIn(await person.leave(email())));
      expect([status, said.startsWith('Two clocks disagree')], said).to.deep.equal([403, true]);
      expect(said).to.include('Ask LeaseHawk support');
    }
    okta.honest();
  });

  it('whose answer is not valid is a page that names LeaseHawk support', async () => {
    const person = browser();
    okta.forge = (draft) => signed({ ...draft, claims: { ...draft.claims, aud: '0oaAnother' } });
    const { status, said } = await person.get(okta.signIn(await person.leave(email())));
    expect([status, said.startsWith('The sign-in could not be verified')], said).to.deep.equal([403, true]);
    expect(said).to.include('ask LeaseHawk support').and.not.include('Okta administrator');
    okta.honest();
  });

  it('is asked once for what many need', async () => {
    await Promise.all(Array.from({ length: 10 }, () => browser().login(`${Math.random()}@${tenant.domain}`)));
    expect(okta.requests.filter((path) => path === DISCOVERY)).to.have.length(1);
  });

  describe('that changes its keys', () => {
    const signIn = async () => {
      const person = browser();
      return await person.get(okta.signIn(await person.leave(`${Math.random()}@${tenant.domain}`)));
    };

    it('is trusted with the new key, and no longer with the withdrawn one', async () => {
      expect((await signIn()).status).to.equal(303);
      const next = await newKeys();
      okta.published = [next.jwk];
      okta.forge = (draft) => signed({ ...draft, keys: next });
      await eventually('the new key is known', async () => {
        // One may not try as often as a machine can.
        await sleep(500);
        return (await signIn()).status === 303;
      });
      okta.forge = signed;
      expect((await signIn()).status).to.equal(403);
    });

    it('is not asked for keys again and again, whatever names of keys come', async () => {
      expect((await signIn()).status).to.equal(303);
      okta.requests.length = 0;
      for (let i = 0; i < 8; i++) {
        const unknown = await newKeys();
        okta.forge = (draft) => signed({ ...draft, keys: unknown });
        expect((await signIn()).status).to.equal(403);
      }
      expect(okta.requests.filter((path) => path === KEYS).length).to.be.below(5);
    });
  });
});
