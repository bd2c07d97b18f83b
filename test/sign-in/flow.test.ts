/** Sign-in and sign-out over HTTP: the session, the address after it, the activity. */
import { expect } from 'chai';
import { connect } from '../../bin/admin/userstore.js';
import { type ForgedOkta, signed, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { createUser, getUser, patchUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair, userOf } from '../harness/sign-in.js';
import { actor, eventually } from '../harness/userstore.js';
import { type Seen, type Visitor, visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const REFUSAL = 'You do not have access to LeaseHawk. Ask your Okta administrator.';
const BLOCKED = 'Your Okta administrator cannot change that. Ask LeaseHawk support';

describe('sign-in', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-flow');
    okta = await startForgedOkta(ANA);
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });
  beforeEach(async () => {
    okta.honest();
    tenant = await createSsoTenant(pair, okta.issuer);
  });

  /** From the login page to Okta and back. */
  async function signIn(browser: Visitor, query = '', email = `ana@${tenant.domain}`): Promise<Seen> {
    return await browser.get(okta.signIn(await browser.leave(email, query)));
  }
  const newUser = (more: Record<string, unknown> = {}) => createUser(tenant.scim, { externalId: ANA.id, ...more });
  const tokenOf = ({ cookies }: Visitor) => cookies.get('__Host-session');

  async function activityOf({ headers }: Seen) {
    const requestId = headers.get('x-request-id') ?? '';
    const { organizationId } = tenant;
    const list = async () => {
      const asked = { organizationId, since: undefined, until: undefined, requestId };
      return (await pair.admin.listActivities(asked)).activities;
    };
    await eventually('the activity is recorded', async () => (await list()).length > 0, 5000);
    return (await list())[0];
  }

  /** A page that names who can help, with a number that the activity log explains. */
  async function expectRefusal(seen: Seen, detail: RegExp, userId?: string, page = REFUSAL): Promise<void> {
    expect(seen.status, seen.said).to.equal(403);
    expect(seen.said).to.include(page).and.to.include(seen.headers.get('x-request-id'));
    const activity = await activityOf(seen);
    expect(activity).to.deep.include({ method: 'SIGN-IN', path: '/login', status: 403 });
    expect(activity?.detail).to.match(detail);
    if (userId !== undefined) expect(activity?.userId).to.equal(userId);
  }

  it('goes to the organization’s Okta with the required parameters, and returns with a session', async () => {
    const user = await newUser();
    const browser = visitor(pair.publicUrl);
    const location = new URL(await browser.leave(`Ana@${tenant.domain}`));
    expect(location.origin + location.pathname).to.equal(`${okta.issuer}/oauth2/v1/authorize`);
    const { state, nonce, code_challenge, ...asked } = Object.fromEntries(location.searchParams);
    expect(asked).to.deep.equal({
      client_id: tenant.clientId,
      code_challenge_method: 'S256',
      login_hint: `Ana@${tenant.domain}`,
      redirect_uri: `${pair.publicUrl}/login/return/${tenant.organizationId}`,
      response_type: 'code',
      scope: 'openid profile email',
    });
    for (const random of [state, nonce, code_challenge]) expect(random).to.match(/^[\w-]{43}$/);

    const seen = await browser.get(okta.signIn(location.href));
    expect([seen.status, seen.location]).to.deep.equal([303, pair.appUrl]);
    expect(seen.headers.get('cache-control')).to.equal('no-store');
    expect(await userOf(pair, tokenOf(browser))).to.equal(user.id);
    expect(await activityOf(seen)).to.deep.include({ status: 303, userId: user.id });
    const [line = ''] = seen.headers.getSetCookie().filter((cookie) => cookie.startsWith('__Host-session='));
    expect(line).to.match(/^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(browser.attempts()).to.deep.equal([]);
  });

  it('takes fresh state, nonce and PKCE each time', async () => {
    const browser = visitor(pair.publicUrl);
    const asked = [await browser.leave(`a@${tenant.domain}`), await browser.leave(`a@${tenant.domain}`)];
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(new Set(asked.map((location) => new URL(location).searchParams.get(name))).size).to.equal(2);
    }
  });

  it('goes to the page of the application that was asked for', async () => {
    await newUser();
    const asked = encodeURIComponent('/app/units/7?tab=a b&x=1'.replace(' ', '%20'));
    const seen = await signIn(visitor(pair.publicUrl), `?return_to=${asked}`);
    expect(seen.location).to.equal(`${pair.publicUrl}/app/units/7?tab=a%20b&x=1`);
  });

  for (const asked of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    '/\t/evil.example',
  ]) {
    it(`goes to the application when ${JSON.stringify(asked)} was asked for, by page, form or tile`, async () => {
      await newUser();
      const browser = visitor(pair.publicUrl);
      const query = new URLSearchParams({ return_to: asked });
      expect((await signIn(browser, `?${query}`)).location).to.equal(pair.appUrl);
      const { location } = await browser.submit('/login', '/login', { email: `a@${tenant.domain}`, return_to: asked });
      expect((await browser.get(okta.signIn(location))).location).to.equal(pair.appUrl);
      const tile = new URLSearchParams({ iss: okta.issuer, target_link_uri: asked, login_hint: `a@${tenant.domain}` });
      const left = await browser.get(`/login/okta?${tile}`);
      expect((await browser.get(okta.signIn(left.location))).location).to.equal(pair.appUrl);
    });
  }

  describe('finds the user', () => {
    it('by the external id from Okta, whatever the name', async () => {
      const user = await newUser({ userName: 'other@acme.example' });
      const browser = visitor(pair.publicUrl);
      await signIn(browser);
      expect(await userOf(pair, tokenOf(browser))).to.equal(user.id);
    });

    it('by the user name once, and from then on by the link, whatever the name', async () => {
      const { id } = await newUser({ externalId: undefined, userName: 'ANA@acme.example' });
      const browser = visitor(pair.publicUrl);
      const first = await signIn(browser);
      expect((await activityOf(first))?.detail).to.equal(`Signed in, and linked to the Okta user ${ANA.id}.`);
      await patchUser(tenant.scim, id, { op: 'replace', value: { userName: 'renamed@acme.example' } });
      const second = await signIn(browser);
      expect((await activityOf(second))?.detail).to.equal('Signed in.');
      expect(await userOf(pair, tokenOf(browser))).to.equal(id);
    });

    it('not by an e-mail address', async () => {
      await newUser({ externalId: undefined, emails: [{ value: ANA.login, primary: true }] });
      await expectRefusal(await signIn(visitor(pair.publicUrl)), /^No user of the organization is this person/);
    });

    it('not if the name belongs to another Okta user', async () => {
      await newUser({ externalId: undefined, userName: ANA.login });
      await signIn(visitor(pair.publicUrl));
      const impostor = { ...okta.person, id: '00u9impostor' };
      okta.forge = honestFor(impostor.id);
      const seen = await signIn(visitor(pair.publicUrl));
      await expectRefusal(seen, /is linked to another Okta user/, undefined, BLOCKED);
    });

    it('not in another organization that shares the provider', async () => {
      await newUser();
      const other = await createSsoTenant(pair, okta.issuer);
      const browser = visitor(pair.publicUrl);
      const seen = await browser.get(okta.signIn(await browser.leave(`ana@${other.domain}`)));
      expect([seen.status, tokenOf(browser)]).to.deep.equal([403, undefined]);
    });
  });

  describe('is refused on a page that names who can help', () => {
    it('to a person that Okta has not pushed; no user is created', async () => {
      await expectRefusal(await signIn(visitor(pair.publicUrl)), /^No user of the organization is this person/);
      expect((await tenant.scim('GET', '/Users')).body.totalResults).to.equal(0);
    });

    it('to a person that Okta has not pushed; the activity has their preferred_username, cut to 256 characters', async () => {
      const activity = await activityOf(await signIn(visitor(pair.publicUrl)));
      expect(activity).to.deep.include({ status: 403, userName: ANA.login, userId: undefined });
      const long = `${'a'.repeat(300)}@acme.example`;
      okta.forge = (draft) => signed({ ...draft, claims: { ...draft.claims, preferred_username: long } });
      expect((await activityOf(await signIn(visitor(pair.publicUrl))))?.userName).to.equal('a'.repeat(256));
    });

    it('to a user who is locked by LeaseHawk’s support, though Okta says that the user is active', async () => {
      const user = await newUser();
      const { organizationId } = tenant;
      await pair.admin.lockUser({ organizationId, actor: actor(), userId: user.id, reason: 'test' });
      await tenant.scim('PUT', `/Users/${user.id}`, { ...(await getUser(tenant.scim, user.id)), active: true });
      await expectRefusal(await signIn(visitor(pair.publicUrl)), /^The user is locked/, user.id, BLOCKED);
    });

    it('to all users of a suspended organization', async () => {
      await newUser();
      const support = connect(pair.address, SERVICE_TOKENS.admin);
      await support.updateOrganization(tenant.organizationId, () => ({ suspended: true }));
      support.close();
      const seen = await signIn(visitor(pair.publicUrl));
      await expectRefusal(seen, /^The organization is suspended/, undefined, BLOCKED);
    });

    it('to a person that Okta refuses', async () => {
      const browser = visitor(pair.publicUrl);
      const location = new URL(await browser.leave(`ana@${tenant.domain}`));
      const state = location.searchParams.get('state') ?? '';
      const query = new URLSearchParams({ error: 'access_denied', error_description: '<b>no</b>', state });
      const seen = await browser.get(`/login/return/${tenant.organizationId}?${query}`);
      await expectRefusal(seen, /did not sign the person in: access_denied\.$/);
      expect(seen.text).not.to.include('<b>');
    });
  });

  describe('B19: lock-out', () => {
    const active = (value: boolean) => ({ op: 'replace', value: { active: value } });
    type Change = (id: string) => Promise<unknown>;
    const put =
      (active: boolean): Change =>
      async (id) =>
        tenant.scim('PUT', `/Users/${id}`, { ...(await getUser(tenant.scim, id)), active });
    const ways: [name: string, end: Change, revive?: Change][] = [
      ['PATCH', (id) => patchUser(tenant.scim, id, active(false)), (id) => patchUser(tenant.scim, id, active(true))],
      ['PUT', put(false), put(true)],
      ['DELETE', (id) => tenant.scim('DELETE', `/Users/${id}`)],
    ];
    for (const [name, end, revive] of ways) {
      it(`${name} ends the sessions at once, a valid ID token begins none, and coming back revives none`, async () => {
        const user = await newUser();
        const browser = visitor(pair.publicUrl);
        await signIn(browser);
        const before = tokenOf(browser);
        expect(await userOf(pair, before)).to.equal(user.id);

        await end(user.id);
        expect(await userOf(pair, before)).to.equal(undefined);
        const seen = await signIn(browser);
        expect(seen.status).to.equal(403);
        expect(seen.text).to.include(REFUSAL);
        if (!revive) return;

        await revive(user.id);
        expect(await userOf(pair, before)).to.equal(undefined);
        await signIn(browser);
        expect(await userOf(pair, tokenOf(browser))).to.equal(user.id);
        expect(await userOf(pair, before)).to.equal(undefined);
      });
    }

    it('a user who is disabled during the visit to Okta is refused on return', async () => {
      const user = await newUser();
      const browser = visitor(pair.publicUrl);
      const location = await browser.leave(`ana@${tenant.domain}`);
      await patchUser(tenant.scim, user.id, active(false));
      await expectRefusal(await browser.get(okta.signIn(location)), /^The user is disabled/, user.id);
    });

    it('there is no way in by password while the organization signs in through Okta', async () => {
      const seen = await visitor(pair.publicUrl).login(`ana@${tenant.domain}`);
      expect(seen.location).to.match(new RegExp(`^${okta.issuer}/`));
    });
  });

  describe('from Okta’s dashboard', () => {
    const tile = (more: Record<string, string> = {}) =>
      `/login/okta?${new URLSearchParams({ iss: okta.issuer, ...more })}`;

    it('begins a separate sign-in', async () => {
      const alone = await startForgedOkta(ANA);
      const own = await createSsoTenant(pair, alone.issuer);
      const user = await createUser(own.scim, { externalId: ANA.id });
      const browser = visitor(pair.publicUrl);
      for (const iss of [alone.issuer, `${alone.issuer}/`]) {
        const { status, location } = await browser.get(`/login/okta?${new URLSearchParams({ iss })}`);
        expect(status).to.equal(303);
        const seen = await browser.get(alone.signIn(location));
        expect(seen.location).to.equal(pair.appUrl);
        expect(await userOf(pair, tokenOf(browser))).to.equal(user.id);
      }
      await alone.stop();
    });

    it('asks for the address if organizations share the provider, unless Okta sends a login hint', async () => {
      await createSsoTenant(pair, okta.issuer);
      const browser = visitor(pair.publicUrl);
      expect((await browser.get(tile())).location).to.equal('/login');
      const hinted = await browser.get(tile({ login_hint: `ana@${tenant.domain}` }));
      expect(new URL(hinted.location).searchParams.get('client_id')).to.equal(tenant.clientId);
    });

    it('finds the organization of a hint among any number that share the provider, and no other’s', async () => {
      const shared = await startForgedOkta(ANA);
      const all: SsoTenant[] = [];
      while (all.length < 105) {
        all.push(...(await Promise.all(Array.from({ length: 15 }, () => createSsoTenant(pair, shared.issuer)))));
      }
      const [last] = all.sort((a, b) => (a.organizationId < b.organizationId ? 1 : -1));
      const { domain = '', clientId } = last ?? {};
      const browser = visitor(pair.publicUrl);
      const at = (iss: string, login_hint: string) => `/login/okta?${new URLSearchParams({ iss, login_hint })}`;
      const { location } = await browser.get(at(shared.issuer, `ana@${domain}`));
      expect(new URL(location).searchParams.get('client_id')).to.equal(clientId);
      for (const hint of [`ana@${tenant.domain}`, 'ana@nowhere.example', 'ana']) {
        expect((await browser.get(at(shared.issuer, hint))).location).to.equal('/login');
      }
      await shared.stop();
    });

    it('leads to the login page without an issuer, and says on it that an issuer is unknown', async () => {
      const stranger = await startForgedOkta(ANA);
      for (const query of ['iss=a&iss=b', 'iss=', '']) {
        const { status, location } = await visitor(pair.publicUrl).get(`/login/okta?${query}`);
        expect([status, location], String(query)).to.deep.equal([303, '/login']);
      }
      const hint = { iss: stranger.issuer, login_hint: 'ana@nowhere.example' };
      for (const query of [new URLSearchParams(hint), 'iss=%00', `iss=${'x'.repeat(1001)}`]) {
        const { status, said, text } = await visitor(pair.publicUrl).get(`/login/okta?${query}`);
        expect(status).to.equal(404);
        expect(said).to.include('LeaseHawk does not know the Okta organization that the link names.');
        expect(text).not.to.include(stranger.issuer);
        expect(text).to.include('action="/login"');
      }
      expect(stranger.requests).to.deep.equal([]);
      await stranger.stop();
    });
  });
});

/** An ID token like the honest one, of another person. */
const honestFor =
  (sub: string): ForgedOkta['forge'] =>
  ({ claims, ...draft }) =>
    signed({ ...draft, claims: { ...claims, sub } });
