/** The acts of the console: the role that each one takes, the forms that are refused, the events that name the person. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { createProviderHosts } from '../../config/provider-hosts.js';
import { ACTS } from '../../console/app.js';
import { includes, ROLES } from '../../console/staff/role.js';
import { createClients } from '../../console/userstore.js';
import { startConsole, type TestConsole, type Visitor, visitorOf } from '../harness/console.js';
import { createTenant, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { routesOf } from '../harness/routes.js';
import { scimClient } from '../harness/scim.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

let running: TestConsole;
let admin: UserstoreClient;
let tenant: Tenant;
let userId: string;
let [viewer, support, boss]: Visitor[] = [];

const SECRET = /apikey ([\da-f-]{36})/;
const get = async () => (await admin.getUser({ organizationId: tenant.organizationId, userId })).user;

describe('the acts of the console', () => {
  before(async () => {
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    tenant = await createTenant(pair);
    const { organizationId } = tenant;
    userId =
      (await admin.createUser({ organizationId, actor: actor(), user: userNamed(`u ${randomUUID()}`) })).user?.id ?? '';
    [viewer, support, boss] = ROLES.map((role) => visitorOf(running, role));
  });
  after(async () => {
    admin.close();
    await running.stop();
  });

  /** The ids in the addresses of acts. */
  const ids = () => ({
    organizationId: tenant.organizationId,
    userId,
    tokenId: tenant.apiTokenId,
    setupLinkId: randomUUID(),
    schemaId: 'urn:acme:1.0:User',
    webhookId: randomUUID(),
  });
  const pathOf = (path: string, act: string) =>
    Object.entries(ids()).reduce((filled, [name, id]) => filled.replace(`:${name}`, id), `${path}/${act}`);

  describe('take the role that their table says, by address and by form', () => {
    for (const [path, acts] of Object.entries(ACTS)) {
      for (const [name, act] of Object.entries(acts)) {
        for (const role of ROLES) {
          if (includes(role, act.role)) continue;
          it(`${role} may not: ${path}/${name}`, async () => {
            const visitor = visitorOf(running, role);
            const page = await visitor.get(pathOf(path, name));
            expect([page.status, /<form method="post" action="\/organizations/.test(page.text)]).to.deep.equal([
              403,
              false,
            ]);
            expect((await visitor.post(pathOf(path, name), { reason: 'x', label: 'x' })).status).to.equal(403);
          });
        }
        it(`${act.role} sees the form of ${path}/${name}`, async () => {
          const { status, text } = await visitorOf(running, act.role).get(pathOf(path, name));
          expect([status, text.includes(act.title)]).to.deep.equal([200, true]);
        });
      }
    }
  });

  describe('take the role that their table says, by gRPC, whatever the console checks', () => {
    const tools = { publicUrl: 'https://scim.example', providerHosts: createProviderHosts([]) };
    let userstores: ReturnType<typeof createClients>;
    before(async () => {
      userstores = createClients({ address: (await sharedPair()).address, tokens: SERVICE_TOKENS });
    });
    after(() => {
      for (const role of ROLES) userstores[role].close();
    });
    /** Fields with which each form comes as far as its call. */
    const form = () => ({
      name: tenant.organizationId,
      issuer: 'https://x.okta.com',
      schema: '{"id":"urn:acme:1.0:User","name":"Acme","attributes":[]}',
      url: 'https://x.example',
    });
    for (const [path, acts] of Object.entries(ACTS)) {
      for (const [name, act] of Object.entries(acts)) {
        // It changes nothing: a viewer may read all that it reads, except the client secret.
        if (name === 'test-sign-in') continue;
        for (const role of ROLES.filter((one) => !includes(one, act.role))) {
          it(`userstore refuses ${path}/${name} to ${role}`, async () => {
            const subject = { ...ids(), ...tools, actor: actor(), userstore: userstores[role] };
            const failure = await act.perform(subject, form()).catch((error) => error.reason ?? error);
            expect(failure).to.equal('CALLER_FORBIDDEN');
          });
        }
      }
    }
  });

  it('are all that a form of the console can ask for, beside signing in and out', () => {
    const posts = routesOf(running.app).filter((route) => !route.startsWith('GET '));
    const ofActs = Object.keys(ACTS).map((path) => `POST ${path}/:act`);
    expect(posts).to.have.members([...ofActs, 'POST /sign-out', 'POST /sign-in/link']);
  });

  it('name the user and the organization that they are about', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const { userName = '' } = (await get()) ?? {};
    expect((await boss?.get(`${base}/users/${userId}/acts/lock`))?.text).to.include(`${userName}, Test organization`);
    expect((await boss?.get(`${base}/acts/suspend`))?.text).to.include('<bdi>Test organization</bdi>');
  });

  it('offer a viewer nothing to change on any page', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    for (const path of [base, `${base}/users/${userId}`, '/organizations', '/webhooks']) {
      expect((await viewer?.get(path))?.text, path).not.to.match(/\/acts\/|<div class="row"><\/div>/);
    }
    expect((await boss?.get(base))?.text).to.match(/\/acts\//);
  });

  it('lock and unlock a user, and name the person', async () => {
    const base = `/organizations/${tenant.organizationId}/users/${userId}`;
    const done = await support?.post(`${base}/acts/lock`, { reason: 'lost laptop' });
    expect([done?.status, done?.location]).to.deep.equal([303, base]);
    const lock = (await get())?.locked;
    expect(lock?.reason).to.equal('lost laptop');
    expect(lock?.by).to.match(/support@leasehawk\.example$/);
    expect((await viewer?.get(base))?.text)
      .to.include('Cannot sign in: ')
      .and.to.include('lost laptop');
    await support?.post(`${base}/acts/unlock`);
    expect((await get())?.locked).to.equal(undefined);
  });

  it('show the secret of a token once, and in no page and no line of the log afterwards', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const issued = await boss?.post(`${base}/acts/issue-token`, { label: 'from the console', days: '30' });
    const secret = SECRET.exec(issued?.text ?? '')?.[1] ?? '';
    expect(issued?.text).to.include('data-copy="API token"').and.to.include('<script src="/copy.js"');
    expect(await scimClient(tenant.baseUrl, `apikey ${secret}`)('GET', '/Users?count=1')).to.include({ status: 200 });
    for (const path of [base, `${base}/requests`, `${base}/events`]) {
      expect((await boss?.get(path))?.text).not.to.include(secret);
    }
    expect(running.lines.join('')).not.to.include(secret);
  });

  it('issue one token if a form is sent twice', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const form = (await boss?.get(`${base}/acts/issue-token`))?.text ?? '';
    const form_id = /name="form_id" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const send = () => boss?.post(`${base}/acts/issue-token`, { label: 'twice', form_id });
    const secrets = (await Promise.all([send(), send()])).map((answer) => SECRET.exec(answer?.text ?? '')?.[1]);
    expect(secrets[0]).to.be.a('string').and.to.equal(secrets[1]);
    const { apiTokens } = await admin.listApiTokens({ organizationId: tenant.organizationId });
    expect(apiTokens.filter(({ label }) => label === 'twice')).to.have.length(1);
  });

  it('make a setup link that is shown once, list it, and let support revoke it', async () => {
    const { organizationId } = tenant;
    const base = `/organizations/${organizationId}`;
    const fields = { recipient: 'ana@oakstreet.example', days: '3', domains: 'oakstreet.example oak.example' };
    const made = await boss?.post(`${base}/acts/new-setup-link`, fields);
    const secret = /\/setup\/link#([\w-]{43})</.exec(made?.text ?? '')?.[1] ?? '';
    const { setupLinks } = await admin.listSetupLinks({ organizationId });
    const link = setupLinks.at(-1);
    expect(link).to.deep.include({ recipient: fields.recipient, domains: fields.domains.split(' ') });
    expect(link?.createdBy).to.match(/^admin\/admin@leasehawk\.example$/);
    for (const path of [base, `${base}/events`]) {
      expect((await viewer?.get(path))?.text)
        .to.include(fields.recipient)
        .and.not.to.include(secret);
    }
    expect(running.lines.join('')).not.to.include(secret);
    const revoke = `${base}/setup-links/${link?.id}/acts/revoke`;
    expect((await viewer?.post(revoke))?.status).to.equal(403);
    const done = await support?.post(revoke);
    expect([done?.status, done?.location]).to.deep.equal([303, base]);
    expect((await admin.listSetupLinks({ organizationId })).setupLinks.at(-1)?.revokeTime).to.be.instanceOf(Date);
  });

  it('put no token, client secret or secret of a webhook into a page, the log or an event', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const clientSecret = `client-secret-${randomUUID()}`;
    const issued = await boss?.post(`${base}/acts/issue-token`, { label: 'secret' });
    const signIn = {
      issuer: `https://${randomUUID()}.okta.com`,
      client_id: 'console',
      client_secret: clientSecret,
      domains: `${randomUUID()}.example`,
    };
    expect((await boss?.post(`${base}/acts/set-sign-in`, signIn))?.location).to.equal(base);
    const webhook = await boss?.post('/acts/new-webhook', { url: 'https://hooks.example/path-that-is-secret' });
    const secrets = [
      SECRET.exec(issued?.text ?? '')?.[1] ?? '',
      clientSecret,
      /whsec_[^<]+/.exec(webhook?.text ?? '')?.[0] ?? '',
    ];
    expect(secrets.map((secret) => secret.length > 30)).to.deep.equal([true, true, true]);
    const events = async () =>
      (await admin.listEvents({ types: [], startTime: undefined, byPerson: true, newestFirst: true })).events;
    await eventually('the acts are events', async () => (await events()).some(({ type }) => type === 'webhook.added'));
    const pages = ['', '/requests', '/events', '/schemas', '/acts/set-sign-in', '/acts/settings'].map(
      (path) => base + path,
    );
    const shown = await Promise.all(
      [...pages, '/staff-log', '/webhooks', `/search?q=${tenant.organizationId}`].map(
        async (path) => (await boss?.get(path))?.text,
      ),
    );
    const written = JSON.stringify([shown, await events(), running.lines]);
    for (const secret of secrets) expect(written.includes(secret), secret.slice(0, 6)).to.equal(false);
    expect(JSON.stringify(await events())).not.to.include('path-that-is-secret');
  });

  it('refuse a form without the secret of the session, with that of another session, and from another site', async () => {
    const path = `/organizations/${tenant.organizationId}/users/${userId}/acts/lock`;
    const attempts = [
      await support?.post(path, { form_token: '', reason: 'x' }),
      await support?.post(path, { form_token: boss?.formToken ?? '', reason: 'x' }),
      await support?.post(path, { reason: 'x' }, { origin: 'https://evil.example' }),
    ];
    expect(attempts.map((attempt) => attempt?.status)).to.deep.equal([403, 403, 403]);
    expect((await get())?.locked).to.equal(undefined);
  });

  it('change the settings of an organization, unless they have changed meanwhile', async () => {
    const path = `/organizations/${tenant.organizationId}/acts/settings`;
    const fields = {
      display_name: 'Oak Street',
      refuse_create: 'yes',
      rehire: 'reactivate',
      per_second: '10000',
      burst: '100000',
    };
    const etag =
      /name="etag" value="([^"]+)"/.exec((await boss?.get(path))?.text ?? '')?.[1]?.replaceAll('&quot;', '"') ?? '';
    expect((await boss?.post(path, { ...fields, etag }))?.status).to.equal(303);
    const { organization } = await admin.getOrganization({ organizationId: tenant.organizationId });
    expect(organization).to.deep.include({ displayName: 'Oak Street', strictSchemas: false });
    expect(organization?.policy).to.include({ refuseCreate: true, refuseUpdate: false });
    expect((await boss?.post(path, { ...fields, etag }))?.status).to.equal(400);
  });

  it('declare, replace and remove a schema, and refuse what is none with its fault', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const declare = (schema: object) => boss?.post(`${base}/acts/declare-schema`, { schema: JSON.stringify(schema) });
    const ids = async () =>
      (await admin.getOrganization({ organizationId: tenant.organizationId })).organization?.extensionSchemas.map(
        ({ id, attributes }) => [id, attributes.length],
      );
    const badge = { name: 'badge', type: 'string' };
    const id = 'urn:acme:1.0:User';
    expect((await declare({ id, attributes: [badge] }))?.location).to.equal(`${base}/schemas`);
    expect(await ids()).to.deep.equal([[id, 1]]);
    await declare({ id: id.toUpperCase().replace('URN', 'urn'), attributes: [badge, { ...badge, name: 'desk' }] });
    expect((await ids())?.map(([, count]) => count)).to.deep.equal([2]);
    expect((await viewer?.get(`${base}/schemas`))?.text).to.include('<code>desk</code>');
    const refused = await declare({ id, attributes: [{ name: 'badge', type: 'colour' }] });
    expect([refused?.status, refused?.text.includes('attributes.0.type')]).to.deep.equal([400, true]);
    expect((await boss?.post(`${base}/acts/declare-schema`, { schema: '{' }))?.text).to.include('not JSON');
    const removed = await boss?.post(`${base}/schemas/${encodeURIComponent(id)}/acts/remove`);
    expect(removed?.location).to.equal(`${base}/schemas`);
    expect(await ids()).to.deep.equal([]);
  });

  it('add a webhook of an organization, which its page then lists', async () => {
    const base = `/organizations/${tenant.organizationId}`;
    const field = `name="organization_id" type="text" value="${tenant.organizationId}"`;
    expect((await boss?.get(`${base}/acts/new-webhook`))?.text).to.include(field);
    const url = 'https://hooks.example/oak-street';
    await boss?.post(`${base}/acts/new-webhook`, { url, organization_id: tenant.organizationId });
    expect((await viewer?.get(base))?.text).to.match(
      /<a href="\/webhooks\/[^"]+"><bdi>https:\/\/hooks\.example\/oak-street</,
    );
  });

  it('prove again who somebody is, if they cannot be undone', () => {
    const permanent = Object.entries(ACTS).flatMap(([path, acts]) =>
      Object.entries(acts).flatMap(([name, { isPermanent }]) =>
        isPermanent ? `${path.split('/').at(-3)} ${name}` : [],
      ),
    );
    expect(permanent).to.have.members([
      'organizations delete',
      'organizations remove-sign-in',
      'tokens rotate',
      'tokens revoke',
      'webhooks rotate',
      'webhooks remove',
    ]);
  });

  it('need the name of an organization to delete it', async () => {
    const pair = await sharedPair();
    const { organizationId } = await createTenant(pair);
    const path = `/organizations/${organizationId}/acts/delete`;
    expect((await boss?.post(path, { name: 'another name' }))?.status).to.equal(400);
    expect((await boss?.post(path, { name: 'Test organization' }))?.location).to.equal('/organizations');
    expect((await boss?.get(`/organizations/${organizationId}`))?.status).to.equal(404);
  });

  it('answer what is no number with a sentence', async () => {
    const path = `/organizations/${tenant.organizationId}/acts/issue-token`;
    for (const days of ['ten', '0', '3651', '1.5']) {
      const answer = await boss?.post(path, { label: 'x', days });
      expect(answer?.status, days).to.equal(400);
      expect(answer?.text).to.include('It must be a whole number from 1 to 3650.');
      expect(answer?.text).to.include(`<a href="${path}">Back to the form</a>`);
    }
  });
});
