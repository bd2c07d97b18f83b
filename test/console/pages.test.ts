/** The pages of the console: what they show, that they escape it, and the headers that allow nothing else. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { startConsole, type TestConsole, type Visitor, visitorOf } from '../harness/console.js';
import { createTenant, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { CORE_USER } from '../harness/scim.js';
import { newConnection, setConnection } from '../harness/sso.js';
import { actor, eventually, userstoreClient } from '../harness/userstore.js';

let running: TestConsole;
let tenant: Tenant;
let viewer: Visitor;
const unique = randomUUID().slice(0, 8);
const HOSTILE = `<script>alert(1)</script>"'\u202e${unique}`;

const text = async (path: string) => {
  const answer = await viewer.get(path);
  expect(answer.status, path).to.equal(200);
  return answer.text;
};

describe('the pages of the console', () => {
  let base = '';
  let userId = '';
  let groupId = '';

  before(async () => {
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    viewer = visitorOf(running, 'viewer');
    tenant = await createTenant(pair);
    base = `/organizations/${tenant.organizationId}`;
    const emails = Array.from({ length: 1000 }, (_, index) => ({ value: `m${index}.${unique}@oak.example` }));
    const user = {
      schemas: [CORE_USER],
      userName: HOSTILE,
      displayName: 'A'.repeat(2048),
      title: '<img src=x onerror=alert(1)>',
      emails,
    };
    userId = (await tenant.scim('POST', '/Users', user)).body.id;
    await tenant.scim('POST', '/Users', user);
    await tenant.scim('POST', '/Users', user);
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:Group'];
    groupId = (await tenant.scim('POST', '/Groups', { schemas, displayName: HOSTILE, members: [{ value: userId }] }))
      .body.id;
    await eventually('the requests are recorded', async () =>
      (await viewer.get(`${base}/requests`)).text.includes('/Groups'),
    );
  });
  after(() => running.stop());

  it('escape hostile names everywhere, and have neither scripts nor styles inside', async () => {
    const paths = [
      base,
      ...[
        'users',
        `users/${userId}`,
        'groups',
        `groups/${groupId}`,
        'requests',
        'requests/live',
        'events',
        'schemas',
      ].map((path) => `${base}/${path}`),
    ];
    for (const path of [
      ...paths,
      `/search?q=${encodeURIComponent(HOSTILE)}`,
      `${base}/users?q=${encodeURIComponent(HOSTILE)}`,
    ]) {
      const html = (await viewer.get(path)).text;
      expect(html, path).not.to.match(/<script(?! src="\/live\.js" defer)|<style|<img src=x|<[^>]*\s(on\w+|style)=/i);
    }
    expect(await text(`${base}/users/${userId}`)).to.include('&lt;script>alert(1)&lt;/script>');
  });

  it('have a title for each page, which no mark of direction turns round', async () => {
    const titleOf = async (path: string) => /<title>([^<]*)/.exec(await text(path))?.[1];
    expect(await titleOf(base)).to.equal('Overview – Test organization – LeaseHawk console');
    expect(await titleOf(`${base}/users`)).to.equal('Users – Test organization – LeaseHawk console');
    expect(await titleOf(`${base}/groups/${groupId}`)).not.to.include('\u202e');
  });

  it('say what a search finds if nothing was entered', async () => {
    expect(await text('/search?q='))
      .to.include('the reference of a request')
      .and.not.to.include('Results for');
  });

  it('have headers that allow files and forms of the console only', async () => {
    for (const path of [base, '/style.css', '/nothing', '/sign-in']) {
      const { headers } = await viewer.get(path);
      expect(headers.get('content-security-policy'), path).to.match(
        /default-src 'none'.*form-action 'self'; frame-ancestors 'none'/,
      );
      expect(headers.get('content-security-policy')).not.to.include('unsafe');
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
    }
    expect((await viewer.get(base)).headers.get('cache-control')).to.equal('no-store');
  });

  it('show an organization at a glance: its users, its failures folded, its token', async () => {
    const html = await text(base);
    for (const part of [
      '1 active, 0 disabled',
      '2 times since',
      '2 in the last hour',
      'test',
      'no connection to an OpenID provider',
      tenant.baseUrl,
    ]) {
      expect(html).to.include(part);
    }
  });

  it('tell when the organization last asked, also if only sign-ins are recent', async () => {
    const { organizationId, scim } = await createTenant(await sharedPair());
    expect(await text(`/organizations/${organizationId}`)).to.include('its Okta has not asked');
    await scim('GET', '/Users?count=1');
    const admin = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    const [method, path, status, durationMs] = ['SIGN-IN', '/login', 200, 1];
    const signIn = () => ({ id: uuidv7(), organizationId, time: new Date(), method, path, status, durationMs });
    await eventually('the use of the token is known', async () =>
      Boolean((await admin.listApiTokens({ organizationId })).apiTokens[0]?.lastUseTime),
    );
    await eventually('the request is recorded', async () =>
      (await text(`/organizations/${organizationId}/requests`)).includes('/Users'),
    );
    await admin.recordActivities({ activities: Array.from({ length: 100 }, () => Activity.fromPartial(signIn())) });
    admin.close();
    expect(await text(`/organizations/${organizationId}`))
      .to.match(/Last request<\/dt><dd><time/)
      .and.not.to.include('its Okta has not asked');
  });

  it('show why a person may not sign in, and what touched them', async () => {
    const html = await text(`${base}/users/${userId}`);
    expect(html).to.include('the organization has no single sign-on');
    expect(html).to.match(/Last change that Okta asked for: .*POST, status 409/);
    expect(html)
      .to.match(/POST .*\/Users/)
      .and.to.include('created, version 1')
      .and.to.include('409');
    expect(html).to.include('and 980 more');
  });

  it('list users by a part of a name and by state, page by page', async () => {
    expect(await text(`${base}/users?q=${unique}&state=active`)).to.include('1 user');
    expect(await text(`${base}/users?q=${unique}&state=disabled`)).to.include('No user matches');
    expect(await text(`${base}/users?q=nobody`)).to.include('No user matches');
  });

  it('show requests by status, method, user and time, and one of them with its reference', async () => {
    const failed = await text(`${base}/requests?failed=yes`);
    expect(failed).to.include('2 times since').and.not.to.include('>201<');
    expect(await text(`${base}/requests?path=/Groups`))
      .to.include('/Groups')
      .and.not.to.include('class="error">409<');
    expect(await text(`${base}/requests?path=.*`)).to.include('No request matches');
    expect(await text(`${base}/requests?method=DELETE`)).to.include('No request matches');
    expect(await text(`${base}/requests?user=${userId}&status=2`)).to.include('>201<');
    expect(await text(`${base}/requests?since=2031-01-01T00:00`)).to.include('No request matches');
    const one = /\/requests\/[\da-f-]{36}/.exec(failed)?.[0];
    const html = await text(base + one);
    expect(html).to.include('userName is already used').and.to.include('curl -X').and.not.to.include(tenant.secret);
  });

  it('show the requests of all organizations with their names, and go to one of them', async () => {
    const other = await createTenant(await sharedPair());
    for (const { scim } of [tenant, other]) await scim('GET', '/Users?count=0');
    await eventually('both are listed', async () => {
      const shown = await text('/requests');
      return [tenant, other].every(({ organizationId }) =>
        shown.includes(`/organizations/${organizationId}/requests/`),
      );
    });
    expect(await text('/requests'))
      .to.include('Test organization')
      .and.not.to.include('<script>alert');
    expect(await text('/requests/live?failed=yes'))
      .to.include('409')
      .and.not.to.include('<html');
    const { status, headers } = await viewer.get(`/requests?organization=${other.organizationId}&status=4&page=x`);
    expect([status, headers.get('location')]).to.deep.equal([
      303,
      `/organizations/${other.organizationId}/requests?status=4`,
    ]);
  });

  it('keep the list of requests current with rows only', async () => {
    const rows = await text(`${base}/requests/live?failed=yes`);
    expect(rows).to.match(/^<tr>/).and.to.include('409').and.not.to.include('<html');
  });

  it('show the log of events with the service that caused each', async () => {
    expect(await text(`${base}/events`)).to.include('urn:ietf:params:scim:event:prov:create:full');
    expect(await text(`${base}/events?staff=yes`)).not.to.include(userId);
    expect(await text(`${base}/events?type=token.issued`))
      .to.include('token.issued')
      .and.not.to.include(userId);
    expect(await text(`${base}/events?until=2020-01-01T00:00`)).to.include('No event matches');
  });

  it("show the acts of LeaseHawk's staff in all organizations: of a person, of a type, in a time, in one organization", async () => {
    const support = visitorOf(running, 'support', `${unique}@leasehawk.example`);
    await support.post(`${base}/users/${userId}/acts/lock`, { reason: 'lost laptop' });
    await support.post(`${base}/users/${userId}/acts/unlock`);
    const log = (query: string) => text(`/staff-log?person=${unique}%40leasehawk.example&${query}`);
    await eventually('the acts are in the log', async () => (await log('')).includes('user.unlocked'));
    expect(await log(''))
      .to.match(/user\.unlocked[\s\S]*user\.locked/)
      .and.to.include('lost laptop');
    expect(await log('type=user.locked'))
      .to.include('user.locked')
      .and.not.to.include('user.unlocked');
    expect(await log(`organization=${tenant.organizationId}`)).to.include('user.locked');
    for (const query of ['organization=another2org', 'until=2020-01-01T00:00', 'since=2099-01-01T00:00']) {
      expect(await log(query), query).to.include('No act matches');
    }
    expect(await text('/staff-log?person=nobody')).to.include('No act matches');
  });

  it('list page after page, newest first', async () => {
    const admin = visitorOf(running, 'admin', `pages.${unique}@leasehawk.example`);
    for (let count = 0; count < 101; count++)
      await admin.post(`${base}/users/${userId}/acts/${count % 2 ? 'unlock' : 'lock'}`, { reason: `no ${count}` });
    const first = `/staff-log?person=pages.${unique}%40leasehawk.example`;
    await eventually('the acts are in the log', async () => (await text(first)).includes('no 100'));
    const next = /href="([^"]+)">Next page/.exec(await text(first))?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(await text(next))
      .to.include('no 0')
      .and.not.to.include('no 100')
      .and.not.to.include('Next page');
  }).timeout(60_000);

  it('find an API token by the last four characters of its secret', async () => {
    const answer = await viewer.get(`/search?q=${tenant.secret.slice(-4)}`);
    const found = answer.status === 303 ? answer.headers.get('location') : answer.text;
    expect(found).to.include(`${base}#tokens`);
    expect(await text(base))
      .to.include(`<code>${tenant.secret.slice(-4)}</code>`)
      .and.not.to.include(tenant.secret);
  });

  it('show a console of a service account that is held to an organization no other one', async () => {
    const pair = await sharedPair();
    const other = await createTenant(pair);
    await other.scim('POST', '/Users', { schemas: [CORE_USER], userName: `other.${unique}` });
    const client = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    const serviceAccount = ServiceAccount.fromPartial({
      name: `held-${unique}`,
      role: Role.ROLE_SUPPORT,
      organizationIds: [tenant.organizationId],
    });
    const { secret } = await client.createServiceAccount({ actor: actor(), serviceAccount });
    client.close();
    const held = await startConsole(pair.address, pair.origin, undefined, 0, {
      viewer: secret,
      support: secret,
      admin: secret,
    });
    const visitor = visitorOf(held, 'support');
    for (const { scim } of [tenant, other]) await scim('GET', '/Users?count=0');
    await eventually('its requests are listed', async () => (await visitor.get('/requests')).text.includes(base));
    expect((await visitor.get('/requests')).text).not.to.include(other.organizationId);
    const organizations = (await visitor.get('/organizations')).text;
    expect(organizations).to.include(tenant.organizationId).and.not.to.include(other.organizationId);
    for (const path of ['', '/users', '/requests', '/events', '/schemas']) {
      expect((await visitor.get(base + path)).status, path).to.equal(200);
      expect((await visitor.get(`/organizations/${other.organizationId}${path}`)).status, path).to.equal(403);
    }
    for (const path of ['/webhooks', '/staff-log', `/search?q=${other.organizationId}`, `/search?q=other.${unique}`]) {
      const page = await visitor.get(path);
      expect([page.status, page.text.includes(`/organizations/${other.organizationId}`)], path).to.deep.equal([
        200,
        false,
      ]);
    }
    await held.stop();
  });

  it('find a user by name, and go there if it is the only result', async () => {
    const answer = await viewer.get(`/search?q=${encodeURIComponent(HOSTILE)}`);
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([303, `${base}/users/${userId}`]);
    expect(await text('/search?q=nothing-has-this')).to.include('No user has it');
    expect(await text(`/search?q=${tenant.organizationId}`)).to.include(base);
  });

  it('go from an e-mail address to its person, although its domain finds their organization too', async () => {
    const pair = await sharedPair();
    const admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    const own = await createTenant(pair);
    const domain = `${unique}.example`;
    await setConnection(admin, own.organizationId, newConnection({ domains: [domain] }));
    admin.close();
    const userName = `ana@${domain}`;
    const { id } = (await own.scim('POST', '/Users', { schemas: [CORE_USER], userName })).body;
    const { headers } = await viewer.get(`/search?q=${encodeURIComponent(userName)}`);
    expect(headers.get('location')).to.equal(`/organizations/${own.organizationId}/users/${id}`);
    expect(await text(`/search?q=${domain}`)).to.include(own.organizationId);
  });

  it('answer what does not exist with a page that says so', async () => {
    for (const path of [
      '/nothing',
      '/organizations/nothing',
      `${base}/users/${randomUUID()}`,
      `${base}/requests/${randomUUID()}`,
      `${base}/acts/toString`,
      `/webhooks/${randomUUID()}`,
    ]) {
      const { status, text: html } = await viewer.get(path);
      expect([status, html.includes('<h1>Not found</h1>')], path).to.deep.equal([404, true]);
    }
  });

  it('show nothing without a session, and send the browser back after sign-in', async () => {
    for (const path of ['/', base, `${base}/requests/live`]) {
      const response = await fetch(running.origin + path, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).to.deep.equal([
        303,
        `/sign-in?to=${encodeURIComponent(path)}`,
      ]);
    }
    const post = await fetch(`${running.origin}${base}/acts/suspend`, { method: 'POST', redirect: 'manual' });
    expect(post.status).to.equal(403);
  });
});
