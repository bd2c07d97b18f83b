/** A link from another site to a browser with a session: it never switches the user without a question. */
import { expect } from 'chai';
import { createSeals } from '../../edge/sign-in/seal.js';
import { type ForgedOkta, signed, startForgedOkta } from '../harness/forged-okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser, patchUser } from '../harness/scim.js';
import { createSsoTenant, type SignInPair, type SsoTenant, startSignInPair, userOf } from '../harness/sign-in.js';
import { eventually } from '../harness/userstore.js';
import { type Seen, type Visitor, visitor } from '../harness/visitor.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@acme.example' };
const BOB = { id: '00u2bobcdEFGH2ijkl5d7', login: 'bob@acme.example' };
const QUESTION = 'Continue as another user?';

describe('a link that meets another user’s session', function () {
  this.timeout(30_000);
  let pair: SignInPair;
  let okta: ForgedOkta;
  let tenant: SsoTenant;
  let ana: { id: string; userName: string };
  let bob: { id: string; userName: string };
  let browser: Visitor;
  let earlier: string | undefined;

  before(async function () {
    needsOwnPair(this);
    pair = await startSignInPair('sign-in-another-user');
    okta = await startForgedOkta(ANA);
  });
  after(async () => {
    await okta?.stop();
    await pair?.stop();
  });
  beforeEach(async () => {
    tenant = await createSsoTenant(pair, okta.issuer);
    ana = await createUser(tenant.scim, { externalId: ANA.id });
    bob = await createUser(tenant.scim, { externalId: BOB.id });
    browser = visitor(pair.publicUrl);
    atOkta(ANA);
    await browser.get(okta.signIn(await browser.leave(`ana@${tenant.domain}`)));
    earlier = browser.cookies.get('__Host-session');
    expect(await userOf(pair, earlier)).to.equal(ana.id);
  });

  /** From now on this person is signed in at Okta. */
  const atOkta = ({ id: sub }: typeof ANA) => {
    okta.forge = ({ claims, ...draft }) => signed({ ...draft, claims: { ...claims, sub } });
  };
  /** Follows the tile of Okta's dashboard there and back. */
  async function follow(more: Record<string, string> = {}, { domain } = tenant): Promise<Seen> {
    const query = new URLSearchParams({ iss: okta.issuer, login_hint: `x@${domain}`, ...more });
    return await browser.get(okta.signIn((await browser.get(`/login/okta?${query}`)).location));
  }
  const fieldsOf = ({ text }: Seen): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/name="(\w+)" value="([^"]*)">\n?/g)].map(([, name, value]) => [name, value]));
  const choose = (seen: Seen, way: string, headers = {}, as = browser) => {
    const { sealed = '', token = '' } = fieldsOf(seen);
    return as.post('/login/choice', { sealed, token, way }, headers);
  };
  const sessionsOf = async (userId: string, { organizationId } = tenant) =>
    (await pair.admin.listSessions({ organizationId, userId })).sessions.length;

  async function expectQuestion(seen: Seen): Promise<void> {
    expect([seen.status, seen.said.includes(QUESTION)], seen.said).to.deep.equal([200, true]);
    expect(seen.headers.get('content-security-policy')).to.match(/form-action 'self'/);
    expect(seen.text).not.to.include(earlier ?? 'no session');
    await expectUnchanged();
  }
  async function expectUnchanged(): Promise<void> {
    expect([browser.cookies.get('__Host-session'), await userOf(pair, earlier)]).to.deep.equal([earlier, ana.id]);
  }

  it('asks which user to continue as, by name, and changes nothing before the answer', async () => {
    atOkta(BOB);
    const seen = await follow();
    await expectQuestion(seen);
    expect(seen.said).to.include(`You are signed in to LeaseHawk as ${ana.userName} .`);
    expect(seen.said).to.include(`Continue as ${bob.userName} `).and.to.include(`Stay signed in as ${ana.userName}`);
    const requestId = seen.headers.get('x-request-id') ?? '';
    const asked = { organizationId: tenant.organizationId, since: undefined, until: undefined, requestId };
    const list = async () => (await pair.admin.listActivities(asked)).activities;
    await eventually('the activity is recorded', async () => (await list()).length > 0, 5000);
    expect((await list())[0]).to.include({ status: 200, userId: bob.id });
    expect((await list())[0]?.detail).to.match(/^Signed in.* another user's session; which to keep was asked\.$/);
  });

  it('names the organizations where they are two', async () => {
    const other = await createSsoTenant(pair, okta.issuer);
    const { organizationId } = other;
    const { organization } = await pair.admin.getOrganization({ organizationId });
    if (!organization) throw new Error('there is no organization');
    const named = { organization: { ...organization, displayName: 'Oak <Street>' }, updateMask: ['display_name'] };
    await pair.admin.updateOrganization({ organizationId, actor: { caller: 'test', requestId: 'x' }, ...named });
    // The same name there belongs to another person.
    const twin = await createUser(other.scim, { externalId: BOB.id, userName: ana.userName });
    atOkta(BOB);
    const seen = await follow({}, other);
    await expectQuestion(seen);
    expect(seen.said).to.include(`as ${ana.userName} ( Test organization )`);
    expect(seen.text).to.include(`<strong><bdi>${ana.userName}</bdi></strong> (<bdi>Oak &lt;Street&gt;</bdi>)`);
    await choose(seen, 'change');
    expect(await userOf(pair, browser.cookies.get('__Host-session'))).to.equal(twin.id);
    expect(await userOf(pair, earlier)).to.equal(undefined);
  });

  it('switches to the chosen user, ends the previous session, and goes to the address of the link', async () => {
    atOkta(BOB);
    const seen = await follow({ target_link_uri: `${pair.appUrl}/units/7` });
    const { status, location } = await choose(seen, 'change', { 'sec-fetch-site': 'same-origin' });
    expect([status, location]).to.deep.equal([303, `${pair.appUrl}/units/7`]);
    expect(seen.text).not.to.include(browser.cookies.get('__Host-session'));
    expect(await userOf(pair, browser.cookies.get('__Host-session'))).to.equal(bob.id);
    expect(await userOf(pair, earlier)).to.equal(undefined);
  });

  for (const way of ['stay', '', 'x']) {
    it(`changes nothing, and ends the new session, when "${way}" is chosen`, async () => {
      atOkta(BOB);
      const seen = await follow({ target_link_uri: `${pair.appUrl}/units/7` });
      expect(await sessionsOf(bob.id)).to.equal(1);
      const { status, location } = await choose(seen, way);
      expect([status, location]).to.deep.equal([303, pair.appUrl]);
      await expectUnchanged();
      expect(await sessionsOf(bob.id)).to.equal(0);
    });
  }

  it('asks nothing if the same user returns', async () => {
    const { status, location } = await follow();
    expect([status, location]).to.deep.equal([303, pair.appUrl]);
    expect(await userOf(pair, browser.cookies.get('__Host-session'))).to.equal(ana.id);
    expect(await userOf(pair, earlier)).to.equal(undefined);
  });

  it('asks nothing where the session before is over', async () => {
    atOkta(BOB);
    await patchUser(tenant.scim, ana.id, { op: 'replace', value: { active: false } });
    expect((await follow()).status).to.equal(303);
    expect(await userOf(pair, browser.cookies.get('__Host-session'))).to.equal(bob.id);
  });

  it('asks nothing of a person who typed the address here', async () => {
    atOkta(BOB);
    const seen = await browser.get(okta.signIn(await browser.leave(`bob@${tenant.domain}`)));
    expect([seen.status, seen.location]).to.deep.equal([303, pair.appUrl]);
    expect(await userOf(pair, browser.cookies.get('__Host-session'))).to.equal(bob.id);
    expect(await userOf(pair, earlier)).to.equal(undefined);
  });

  it('takes no answer of another site, of another browser, or to no question', async () => {
    atOkta(BOB);
    const seen = await follow();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
    ]) {
      expect((await choose(seen, 'change', headers)).status).to.equal(400);
    }
    const stranger = visitor(pair.publicUrl);
    await stranger.get('/login');
    expect((await choose(seen, 'change', {}, stranger)).status).to.equal(400);
    expect(stranger.cookies.has('__Host-session')).to.equal(false);

    const { token = '', sealed = '' } = fieldsOf(seen);
    const { seal } = createSeals(pair.edgeEnv.LOGIN_SECRET ?? '');
    const kept = { sessionToken: earlier ?? '', target: 'https://evil.example/' };
    const forged: Record<string, string>[] = [
      { sealed },
      { token },
      { token, sealed: '' },
      { token, sealed: `${sealed}x` },
      { token, sealed: await seal('attempt', kept, 60) },
      { token, sealed: await seal('choice', kept, -1) },
      { token, sealed: await createSeals('another secret of an installation').seal('choice', kept, 60) },
    ];
    for (const fields of forged) {
      const { status, said } = await browser.post('/login/choice', { ...fields, way: 'change' });
      expect([status, said.includes('Please sign in again')]).to.deep.equal([400, true]);
    }
    await expectUnchanged();
    expect((await browser.get('/login/choice')).status).to.equal(405);
    expect((await choose(seen, 'change')).status).to.equal(303);
  });
});
