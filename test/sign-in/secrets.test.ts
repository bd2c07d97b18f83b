/** The secrets of a sign-in are in no log, page, activity or error, and in no document unencrypted. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { type ForgedOkta, now, signed, startForgedOkta } from '../harness/forged-okta.js';
import { testMongodbUri } from '../harness/mongod.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, startSignInPair } from '../harness/sign-in.js';
import { eventually } from '../harness/userstore.js';
import { visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };

describe('secrets of sign-in', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-secrets', { LOG_LEVEL: 'trace' });
    okta = await startForgedOkta(ANA);
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });

  async function everythingStored(): Promise<string> {
    const connection = await mongoose.createConnection(testMongodbUri(`sign-in-secrets-${process.pid}`)).asPromise();
    try {
      const collections = (await connection.db?.collections()) ?? [];
      return JSON.stringify(await Promise.all(collections.map((collection) => collection.find().toArray())));
    } finally {
      await connection.close();
    }
  }

  it('are in no log, page, activity or document: client secret, cookies, code, tokens; the log has no e-mail address', async () => {
    const tenant = await createSsoTenant(pair, okta.issuer);
    await createUser(tenant.scim, { externalId: ANA.id });
    const secrets: string[] = [tenant.clientSecret, pair.edgeEnv.LOGIN_SECRET ?? ''];
    const pages: string[] = [];
    const person = 'a.very.special.name';
    okta.forge = async (draft) => {
      const token = await signed(draft);
      secrets.push(token, token.split('.')[2] ?? '');
      return token;
    };
    const refuse: ForgedOkta['forge'] = async (draft) => {
      const token = await signed({ ...draft, claims: { ...draft.claims, nonce: 'another' } });
      secrets.push(token, token.split('.')[2] ?? '');
      return token;
    };

    /** Runs one sign-in and returns its secrets. */
    const signIn = async (spoil: (url: URL) => void = () => undefined) => {
      const browser = visitor(pair.publicUrl);
      const location = await browser.leave(`${person}@${tenant.domain}`);
      const url = new URL(okta.signIn(location));
      spoil(url);
      const { state, nonce } = Object.fromEntries(new URL(location).searchParams);
      secrets.push(state ?? '', nonce ?? '', url.searchParams.get('code') ?? '', browser.attempts()[0]?.[1] ?? '');
      const seen = await browser.get(url.href);
      secrets.push(browser.cookies.get('__Host-session') ?? '');
      pages.push(seen.text);
      return { browser, requestId: seen.headers.get('x-request-id') ?? '' };
    };
    const { browser } = await signIn();
    secrets.push(browser.cookies.get('__Host-form') ?? '');
    await signIn((url) => url.searchParams.set('code', 'another-code-0123456789'));
    await signIn((url) => url.searchParams.set('iss', 'https://evil.example'));
    await signIn((url) => url.searchParams.set('error', 'server_error'));
    okta.forge = refuse;
    await signIn();
    okta.instead = (path, response) => {
      if (path === '/oauth2/v1/token')
        response.writeHead(500, { 'x-secret': tenant.clientSecret }).end(tenant.clientSecret);
      return path === '/oauth2/v1/token';
    };
    await signIn();
    okta.honest();
    pages.push((await browser.get('/logout', { 'sec-fetch-site': 'same-origin' })).text);
    const revocation = await signed({
      header: { typ: 'global-token-revocation+jwt' },
      claims: { iss: okta.issuer, sub: tenant.clientId, aud: 'elsewhere', jti: 'x', iat: now(), exp: now() + 300 },
      keys: okta.keys,
    });
    secrets.push(revocation);
    const headers = { authorization: `Bearer ${revocation}`, 'content-type': 'application/json' };
    const refused = await fetch(`${pair.publicUrl}/login/global-token-revocation`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    pages.push(await refused.text());
    const { requestId } = await signIn();

    const { organizationId } = tenant;
    const asked = { organizationId, since: undefined, until: undefined, requestId };
    const list = async () => (await pair.admin.listActivities(asked)).activities;
    await eventually('the last one is written down', async () => (await list()).length > 0, 5000);
    const stored = await everythingStored();
    const logs = pair.edge.log() + pair.userstore.log();
    const everywhere = { logs, stored, pages: pages.join('') };
    expect(logs).to.include(requestId);
    expect(stored).to.include(requestId).and.to.include('The provider did not take the code');
    expect(new Set(secrets).size).to.be.above(25);
    for (const secret of secrets.filter((text) => text !== '')) {
      const traces = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
      for (const [place, text] of Object.entries(everywhere)) {
        for (const trace of traces)
          expect(text.includes(trace), `${secret.slice(0, 12)}… is in ${place}`).to.equal(false);
      }
    }
    expect(logs).not.to.include(person).and.not.to.include(ANA.login);
    expect(pages.join('')).not.to.include(person).and.not.to.include(ANA.login);
  });
});
