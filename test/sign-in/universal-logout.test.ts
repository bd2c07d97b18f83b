/** Universal Logout: an organization's Okta, and no other client, ends the sessions of one of its users. */
import { expect } from 'chai';
import {
  type Draft,
  type ForgedOkta,
  type Keys,
  newKeys,
  now,
  signed,
  startForgedOkta,
} from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser } from '../harness/scim.js';
import {
  createSsoTenant,
  type SignInPair,
  type SsoTenant,
  startSignInEdge,
  startSignInPair,
  userOf,
} from '../harness/sign-in.js';
import { eventually } from '../harness/userstore.js';
import { visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };

/** The values that differ from an honest request. */
interface Changes {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  keys?: Keys;
}

describe('Universal Logout', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;
  let endpoint: string;
  let user: { id: string; userName: string };
  let session: string | undefined;
  let ids = 0;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('universal-logout');
    okta = await startForgedOkta(ANA);
    endpoint = `${pair.publicUrl}/login/global-token-revocation`;
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });
  beforeEach(async () => {
    okta.honest();
    tenant = await createSsoTenant(pair, okta.issuer);
    user = await createUser(tenant.scim, { externalId: ANA.id });
    session = await signIn();
  });

  async function signIn(): Promise<string | undefined> {
    const browser = visitor(pair.publicUrl);
    await browser.get(okta.signIn(await browser.leave(`ana+${ids++}@${tenant.domain}`)));
    return browser.cookies.get('__Host-session');
  }

  /** Okta's signed claims, with some replaced. */
  const draft = ({ header, claims, keys }: Changes = {}): Draft => ({
    header: { typ: 'global-token-revocation+jwt', ...header },
    claims: {
      jti: `jwt-${ids++}`,
      iss: okta.issuer,
      sub: tenant.clientId,
      aud: endpoint,
      iat: now(),
      nbf: now() - 300,
      exp: now() + 300,
      ...claims,
    },
    keys: keys ?? okta.keys,
  });
  const byEmail = () => ({ sub_id: { format: 'email', email: user.userName } });

  async function send(token: string | undefined, body: unknown = byEmail(), to = endpoint) {
    const response = await fetch(to, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
  const isIn = async () => (await userOf(pair, session)) === user.id;

  async function expectEnded(answer: Awaited<ReturnType<typeof send>>): Promise<void> {
    expect([answer.status, answer.text]).to.deep.equal([204, '']);
    expect(await isIn()).to.equal(false);
    const again = await signIn();
    expect(await userOf(pair, again)).to.equal(user.id);
  }

  const identifiers: [what: string, subId: () => Record<string, string>][] = [
    ['the e-mail address that is the user name', () => ({ format: 'email', email: user.userName.toUpperCase() })],
    ['the issuer and the Okta id', () => ({ format: 'iss_sub', iss: okta.issuer, sub: ANA.id })],
    ['the issuer and the user id in LeaseHawk', () => ({ format: 'iss_sub', iss: okta.issuer, sub: user.id })],
  ];
  for (const [what, subId] of identifiers) {
    it(`ends the sessions of the user named by ${what}; signing in begins new ones`, async () => {
      await expectEnded(await send(await signed(draft()), { sub_id: subId() }));
    });
  }

  it('is written down', async () => {
    const { headers } = await send(await signed(draft()));
    const requestId = headers.get('x-request-id') ?? '';
    const asked = { organizationId: tenant.organizationId, since: undefined, until: undefined, requestId };
    const list = async () => (await pair.admin.listActivities(asked)).activities;
    await eventually('the activity is recorded', async () => (await list()).length > 0, 5000);
    expect((await list())[0]).to.deep.include({
      method: 'UNIVERSAL-LOGOUT',
      path: '/login/global-token-revocation',
      status: 204,
      userId: user.id,
    });
  });

  it('leaves in the log why a token was refused, and in the activity where it names an organization’s client', async () => {
    const reasonOf = async (token: string) => {
      const { headers } = await send(token);
      const requestId = headers.get('x-request-id') ?? '';
      const lines = () => pair.edge.log().split('\n');
      const found = () => lines().find((line) => line.includes(requestId) && line.includes('revocation refused'));
      await eventually('the reason is logged', async () => found() !== undefined, 5000);
      return { requestId, reason: (JSON.parse(found() ?? '{}') as { reason?: string }).reason };
    };
    const unknown = await reasonOf(await signed(draft({ claims: { iss: 'http://127.0.0.1:9' } })));
    expect(unknown.reason).to.match(/"iss" and "sub" are of no organization's client/);
    const { requestId, reason } = await reasonOf(await signed(draft({ claims: { aud: 'x' } })));
    expect(reason).to.match(/"aud"/);
    const asked = { organizationId: tenant.organizationId, since: undefined, until: undefined, requestId };
    const list = async () => (await pair.admin.listActivities(asked)).activities;
    await eventually('the activity is recorded', async () => (await list()).length > 0, 5000);
    expect((await list())[0]).to.include({ status: 401, detail: reason });
  });

  it('accepts clocks that are within a minute', async () => {
    await expectEnded(await send(await signed(draft({ claims: { exp: now() - 30, iat: now() - 330 } }))));
    session = await signIn();
    await expectEnded(await send(await signed(draft({ claims: { iat: now() + 30, nbf: now() + 30 } }))));
  });

  describe('is 401, and nothing ends,', () => {
    const bad: [what: string, make: () => Promise<string | undefined>][] = [
      ['without a token', async () => undefined],
      ['with a token that is none', async () => 'x.y.z'],
      ['with a token that is endless', async () => `${'x'.repeat(9000)}.y.z`],
      ['with one of another type', () => signed(draft({ header: { typ: 'JWT' } }))],
      ['with one of no type', () => signed(draft({ header: { typ: undefined } }))],
      ['for another address', () => signed(draft({ claims: { aud: `${pair.publicUrl}/login` } }))],
      ['for nobody', () => signed(draft({ claims: { aud: undefined } }))],
      ['that has expired', () => signed(draft({ claims: { exp: now() - 70 } }))],
      ['that does not expire', () => signed(draft({ claims: { exp: undefined } }))],
      ['that lives for hours', () => signed(draft({ claims: { exp: now() + 7200 } }))],
      ['that is not valid yet', () => signed(draft({ claims: { nbf: now() + 80 } }))],
      ['of the future', () => signed(draft({ claims: { iat: now() + 80 } }))],
      ['of long ago', () => signed(draft({ claims: { iat: now() - 7200 } }))],
      ['without an id', () => signed(draft({ claims: { jti: undefined } }))],
      ['of an issuer that is no text', () => signed(draft({ claims: { iss: 7 } }))],
      ['of a client that is no text', () => signed(draft({ claims: { sub: ['x'] } }))],
      ['of another client', () => signed(draft({ claims: { sub: 'another' } }))],
      ['of another issuer', () => signed(draft({ claims: { iss: 'http://127.0.0.1:9' } }))],
      ['signed with another key', async () => signed(draft({ keys: await newKeys(okta.keys.kid) }))],
      ['not signed', async () => `${(await signed(draft())).split('.').slice(0, 2).join('.')}.`],
      ['changed on the way', async () => (await signed(draft())).replace(/\.([^.]+)\./, (_, body) => `.${body}A.`)],
    ];
    for (const [what, make] of bad) {
      it(what, async () => {
        const { status, headers, text } = await send(await make());
        expect(status, text).to.equal(401);
        expect(headers.get('www-authenticate')).to.equal('Bearer error="invalid_token"');
        // The same answer for all: it does not reveal which providers exist.
        const told = { error: 'invalid_token', error_description: 'The token is not valid.' };
        expect(JSON.parse(text)).to.deep.equal(told);
        expect(await isIn()).to.equal(true);
      });
    }

    it('the second time with the same token', async () => {
      const token = await signed(draft());
      await expectEnded(await send(token));
      session = await signIn();
      expect((await send(token)).status).to.equal(401);
      expect(await isIn()).to.equal(true);
    });

    it('with an ID token, though the provider has signed it', async () => {
      let idToken = '';
      okta.forge = async (honest) => (idToken = await signed(honest));
      session = await signIn();
      expect(idToken).not.to.equal('');
      expect((await send(idToken)).status).to.equal(401);
      expect(await isIn()).to.equal(true);
    });

    it('of an issuer that is no organization’s provider; the edge does not fetch its keys', async () => {
      const stranger = await startForgedOkta(ANA);
      const claims = { iss: stranger.issuer };
      expect((await send(await signed(draft({ claims, keys: stranger.keys })))).status).to.equal(401);
      expect(stranger.requests).to.deep.equal([]);
      await stranger.stop();
    });

    it('of another organization’s provider for this organization’s client', async () => {
      const evil = await startForgedOkta(ANA);
      await createSsoTenant(pair, evil.issuer);
      const forged = await signed(draft({ keys: evil.keys }));
      expect((await send(forged)).status).to.equal(401);
      const claims = { iss: evil.issuer };
      expect((await send(await signed(draft({ claims, keys: evil.keys })))).status).to.equal(401);
      expect(await isIn()).to.equal(true);
      await evil.stop();
    });
  });

  it('reaches users of the organization whose client the token names, and of no other', async () => {
    const other = await createSsoTenant(pair, okta.issuer);
    const claims = { sub: other.clientId };
    expect((await send(await signed(draft({ claims })))).status).to.equal(404);
    const sub_id = { format: 'iss_sub', iss: okta.issuer, sub: ANA.id };
    expect((await send(await signed(draft({ claims })), { sub_id })).status).to.equal(404);
    expect(await isIn()).to.equal(true);
  });

  it('takes a token whose audience ends in a slash, and no other path', async () => {
    for (const [aud, status] of [
      [`${endpoint}//`, 401],
      [`${endpoint}/x`, 401],
      [`${endpoint}/`, 204],
    ] as const) {
      expect((await send(await signed(draft({ claims: { aud } })))).status, aud).to.equal(status);
    }
    expect(await isIn()).to.equal(false);
  });

  it('is 404 for a subject of another issuer than the token’s, also if the id is that of a user', async () => {
    for (const iss of ['https://acme.okta.com', `${okta.issuer}/oauth2/default`]) {
      const answer = await send(await signed(draft()), { sub_id: { format: 'iss_sub', iss, sub: ANA.id } });
      expect(answer.status).to.equal(404);
      expect(JSON.parse(answer.text).error_description).to.include('another issuer');
    }
    expect(await isIn()).to.equal(true);
    const iss = `${okta.issuer}/`;
    await expectEnded(await send(await signed(draft()), { sub_id: { format: 'iss_sub', iss, sub: ANA.id } }));
  });

  const bodies: [what: string, body: unknown, status: number][] = [
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['no subject', {}, 400],
    ['a format that is not known', { sub_id: { format: 'phone_number', phone_number: '+1' } }, 400],
    ['a subject that is a list', { sub_id: [{ format: 'email', email: 'x@y.example' }] }, 400],
    ['a condition for a name', { sub_id: { format: 'email', email: { $ne: null } } }, 400],
    ['nobody', { sub_id: { format: 'email', email: 'nobody@acme.example' } }, 404],
    ['what nobody can be called', { sub_id: { format: 'email', email: 'x'.repeat(2000) } }, 400],
    ['no Okta user', { sub_id: { format: 'iss_sub', iss: 'https://acme.okta.com', sub: '00u0' } }, 404],
  ];
  for (const [what, body, status] of bodies) {
    it(`is ${status} for a body that names ${what}`, async () => {
      expect((await send(await signed(draft()), body)).status).to.equal(status);
      expect(await isIn()).to.equal(true);
    });
  }

  it('is 413 for a body that is too large, 405 for a GET', async () => {
    expect((await send(await signed(draft()), 'x'.repeat(20_000))).status).to.equal(413);
    expect((await fetch(endpoint)).status).to.equal(405);
  });

  it('is 503 while the provider’s keys cannot be had', async () => {
    const slow = await startForgedOkta(ANA);
    const own = await createSsoTenant(pair, slow.issuer);
    await slow.stop();
    const claims = { iss: slow.issuer, sub: own.clientId };
    expect((await send(await signed(draft({ claims, keys: slow.keys })))).status).to.equal(503);
  });

  it('is 429 for who tries tokens again and again; valid ones of others are not counted', async () => {
    const limited = await startSignInEdge(pair, {});
    try {
      const to = `${limited.publicUrl}/login/global-token-revocation`;
      const answers = await Promise.all(Array.from({ length: 210 }, () => send('x.y.z', {}, to)));
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([401, 429]));
    } finally {
      await limited.stop();
    }
  });
});
