/** The names that the console shows where userstore has ids: each page finds all of its names in one call. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { namesOf, userIdsOf } from '../../console/names.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { startConsole, type TestConsole, type Visitor, visitorOf } from '../harness/console.js';
import { createTenant, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { CORE_USER, patchBody } from '../harness/scim.js';
import { CORE_GROUP } from '../harness/scim-groups.js';
import { actor, eventually, userstoreClient } from '../harness/userstore.js';

const unique = randomUUID().slice(0, 8);

describe('the names of a page', () => {
  it('are found in one call, each id once, however many changes name them', async () => {
    const calls: unknown[] = [];
    const userstore = {
      findNames: async (request: unknown) => {
        calls.push(request);
        return { names: [{ id: 'one', resourceType: 'User', organizationId: 'oak', name: 'Ana', deleted: false }] };
      },
    };
    const ids = Array.from({ length: 3000 }, (_, index) => `id-${index % 1500}`);
    expect((await namesOf(userstore, ['one', undefined, '', ...ids], 'oak')).get('one')?.name).to.equal('Ana');
    expect(calls).to.deep.equal([{ ids: ['one', ...ids.slice(0, 999)], organizationId: 'oak' }]);
    expect((await namesOf(userstore, [undefined, ''])).size).to.equal(0);
    expect(calls).to.have.length(1);
  });

  it('are those of the ids in values of members and of the manager, also in values that are cut', () => {
    const [one, other] = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002'];
    const change = (name: string, after: string) => ({ attributes: [{ name, before: undefined, after }] });
    expect(
      userIdsOf([
        change('members', `["${one}","${other}","01900000-00…`),
        change('enterprise.manager.value', `"${other}"`),
        change('displayName', `"${one}"`),
        undefined,
      ]),
    ).to.deep.equal([one, other, other]);
  });
});

describe('the console shows names instead of ids', () => {
  let running: TestConsole;
  let viewer: Visitor;
  let tenant: Tenant;
  let [base, stays, leaves, group] = ['', '', '', ''];
  const text = async (path: string) => (await viewer.get(path)).text;
  const patch = (op: string, value: string) =>
    tenant.scim('PATCH', `/Groups/${group}`, patchBody({ op, path: 'members', value: [{ value }] }));

  before(async () => {
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    viewer = visitorOf(running, 'viewer');
    tenant = await createTenant(pair);
    base = `/organizations/${tenant.organizationId}`;
    const create = async (userName: string, displayName: string) =>
      (await tenant.scim('POST', '/Users', { schemas: [CORE_USER], userName, displayName })).body.id as string;
    stays = await create(`stays.${unique}`, `Zoë Ruiz<${unique}>`);
    leaves = await create(`leaves.${unique}`, 'Ben Okoye');
    group = (await tenant.scim('POST', '/Groups', { schemas: [CORE_GROUP], displayName: 'Leasing' })).body.id;
    await patch('add', stays);
    await patch('add', leaves);
    await patch('remove', leaves);
    await tenant.scim('DELETE', `/Users/${leaves}`);
  });
  after(() => running.stop());

  it('in the history of a group: who joined and left, with a link; of a deleted user the user name and the id', async () => {
    const page = `${base}/groups/${group}`;
    await eventually('the history has all changes', async () => (await text(page)).includes('left: '));
    const html = await text(page);
    expect(html).to.include(`<a href="${base}/users/${stays}" title="${stays}"><bdi>Zoë Ruiz&lt;${unique}></bdi></a>`);
    expect(html).to.match(new RegExp(`left: <span><bdi>leaves\\.${unique}</bdi> <span class="quiet">deleted, `));
    expect(html).to.include(`<code>${leaves}</code>`).and.not.to.include(`["${stays}"]`);
  });

  it('in the events of an organization and on the page of a request', async () => {
    await eventually('the events are written', async () => (await text(`${base}/events`)).includes('left: '));
    expect(await text(`${base}/events`)).to.include(`title="${stays}"><bdi>Zoë Ruiz`);
    const path = `${base}/requests?method=PATCH`;
    await eventually('the requests are recorded', async () => (await text(path)).includes('PATCH'));
    const links = [...new Set((await text(path)).match(/\/organizations\/\w+\/requests\/[\da-f-]{36}/g))];
    const pages = await Promise.all(links.map(text));
    expect(pages.filter((html) => html.includes(`title="${stays}"><bdi>Zoë Ruiz`))).to.have.length(1);
  });

  it('above the requests about a user whose id is searched for', async () => {
    const html = await text(`${base}/requests?user=${stays.toUpperCase()}`);
    expect(html).to.match(new RegExp(`About <a href="${base}/users/${stays}"`));
  });

  it('of organizations, in the staff log, in webhooks and in the results of a search for a request', async () => {
    const pair = await sharedPair();
    const admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    const { organizationId } = tenant;
    const found = (await admin.getOrganization({ organizationId })).organization;
    const organization = found && { ...found, displayName: `Oak ${unique}` };
    const updateMask = ['display_name'];
    const person = `${unique}@leasehawk.example`;
    await admin.updateOrganization({ organizationId, actor: { ...actor(), person }, organization, updateMask });
    const made = Webhook.fromPartial({ organizationId, url: 'https://hooks.example/leasehawk' });
    const { webhook } = await admin.createWebhook({ actor: actor(), webhook: made });
    const link = `<a href="${base}" title="${organizationId}"><bdi>Oak ${unique}</bdi></a>`;
    await eventually('the act is in the log', async () =>
      (await text(`/staff-log?person=${encodeURIComponent(person)}`)).includes(link),
    );
    expect(await text('/webhooks')).to.include(link);
    expect(await text(`/webhooks/${webhook?.id}`)).to.include(link);
    await admin.deleteWebhook({ actor: actor(), webhookId: webhook?.id ?? '' });
    admin.close();
  });

  it('and finds a person by name, across organizations and in one', async () => {
    const other = await createTenant(await sharedPair());
    const displayName = `Zoe Ruiz ${unique}`;
    await other.scim('POST', '/Users', { schemas: [CORE_USER], userName: `other.${unique}`, displayName });
    const query = encodeURIComponent(`zoe ruiz ${unique}`);
    const all = await text(`/search?q=${query}`);
    for (const part of [`Zoë Ruiz&lt;${unique}>`, `stays.${unique}`, `other.${unique}`]) expect(all).to.include(part);
    const only = await viewer.get(`/search?q=${query}&organization=${tenant.organizationId}`);
    expect([only.status, only.headers.get('location')]).to.deep.equal([303, `${base}/users/${stays}`]);
    const none = await text(`/search?q=nobody.${unique}&organization=${tenant.organizationId}`);
    expect(none).to.include('No user has it').and.to.include('Search all organizations');
  });
});
