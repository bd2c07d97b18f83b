/** The page of a request with its bodies, and the acts that say of which requests they are kept. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startConsole, type TestConsole, type Visitor, visitorOf } from '../harness/console.js';
import { createTenant, sharedPair, type Tenant } from '../harness/organizations.js';
import { CORE_USER, patchBody } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

let running: TestConsole;
let tenant: Tenant;
let [viewer, support, boss]: Visitor[] = [];
const SECRET = `hunter2-${randomUUID()}`;
const HOSTILE = '<script>alert(1)</script>\u202e';

describe('the bodies of requests in the console', () => {
  let base = '';
  before(async () => {
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    [viewer, support, boss] = (['viewer', 'support', 'admin'] as const).map((role) => visitorOf(running, role));
    tenant = await createTenant(pair);
    base = `/organizations/${tenant.organizationId}`;
  });
  after(() => running.stop());

  const text = async (visitor: Visitor | undefined, path: string) =>
    ((await visitor?.get(path))?.text ?? '').replaceAll('&quot;', '"');

  it('are beside what is stored: what was sent without secrets, what was answered', async () => {
    const user = { schemas: [CORE_USER], userName: `ana.${randomUUID().slice(0, 6)}@oak.example`, title: 'Agent' };
    const { id } = (await tenant.scim('POST', '/Users', user)).body;
    const replace = { op: 'replace', value: { title: HOSTILE, active: 'perhaps', password: SECRET } };
    const failed = await tenant.scim('PATCH', `/Users/${id}`, patchBody(replace));
    expect(failed.status).to.equal(400);
    // The activity names the user by the path, so the page shows the user as they are.
    const path = `${base}/requests/${failed.headers.get('x-request-id')}`;
    await eventually('the page shows the bodies', async () => (await text(support, path)).includes('What was sent'));
    const page = await text(support, path);
    expect(page).to.include('&lt;script>alert(1)&lt;/script>\\u202e').and.not.include('<script>alert');
    expect(page).to.include('[redacted]').and.not.include(SECRET);
    expect(page)
      .to.include('What was answered')
      .and.to.match(/"status": "400"/);
    expect(page).to.include('What is stored now').and.to.include('"title": "Agent"');
    const masked = await text(viewer, path);
    expect(masked).to.include('Personal values are masked').and.to.include('•••');
    expect(masked.slice(masked.indexOf('What was sent'), masked.indexOf('What was answered'))).not.to.include('alert');
    expect(running.lines.join('')).not.to.include(SECRET);
  });

  it('are beside the user who has the name that a new user may not have', async () => {
    const user = { schemas: [CORE_USER], userName: `ben.${randomUUID().slice(0, 6)}@oak.example`, title: 'Agent' };
    await tenant.scim('POST', '/Users', user);
    const failed = await tenant.scim('POST', '/Users', { ...user, title: 'Another' });
    expect(failed.status).to.equal(409);
    const path = `${base}/requests/${failed.headers.get('x-request-id')}`;
    await eventually('the page shows the bodies', async () => (await text(support, path)).includes('What was sent'));
    const page = await text(support, path);
    expect(page.slice(page.indexOf('What is stored now')))
      .to.include('The user who has this user name.')
      .and.to.include('"title": "Agent"');
    const masked = await text(viewer, path);
    expect(masked.slice(masked.indexOf('What is stored now')))
      .to.include('Your role does not see it here.')
      .and.not.to.include('Agent');
  });

  it('are kept of everything for an hour if support says so, and of nothing if an admin says so', async () => {
    expect(await text(viewer, `${base}/requests`))
      .to.include('Bodies are kept of')
      .and.not.match(/acts\/keep-bodies/);
    expect(await text(support, `${base}/requests`)).to.include('acts/keep-bodies');
    const done = await support?.post(`${base}/acts/keep-bodies`);
    expect([done?.status, done?.location]).to.deep.equal([303, `${base}/requests`]);
    expect(await text(support, `${base}/requests`))
      .to.include('every request until')
      .and.to.include('acts/stop-keeping-bodies');
    await eventually('the event is in the log', async () =>
      (await text(boss, `${base}/events`)).includes('allBodiesUntil'),
    );
    await support?.post(`${base}/acts/stop-keeping-bodies`);
    expect(await text(support, `${base}/requests`)).to.include('acts/keep-bodies');

    const fields = { display_name: 'Oak Street', kept_bodies: 'none', per_second: '10000', burst: '100000' };
    expect((await boss?.post(`${base}/acts/settings`, fields))?.status).to.equal(303);
    expect(await text(boss, base)).to.include('not kept');
    expect(await text(support, `${base}/requests`))
      .to.include('no request')
      .and.not.match(/acts\/keep-bodies/);
    expect((await support?.post(`${base}/acts/keep-bodies`))?.status).to.equal(400);
  });
});
