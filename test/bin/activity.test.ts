/** Activities as support reads and exports them. */
import { expect } from 'chai';
import { activityValue, CSV_HEADER, changeValue, csvLine } from '../../bin/admin/activity-export.js';
import { ACTIVITY_HEADER, activityText } from '../../bin/admin/activity-text.js';
import { tokenTable } from '../../bin/admin/tables.js';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { command, runAdmin, succeeding } from '../harness/commands.js';
import { createTenant, needsOwnPair, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { createUser, oktaUser } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

const ID = '0199f7c1-0000-7000-8000-000000000001';
const activity = (more: Partial<Activity> = {}) =>
  Activity.fromPartial({
    ...{ id: ID, organizationId: 'a1', time: new Date('2026-11-24T08:00:05.123Z'), method: 'PATCH', path: '/Groups/x' },
    ...{ status: 200, durationMs: 12.34, ...more },
  });
const change = {
  ...{ userId: '', groupId: 'x', version: 2, kind: Change_Kind.KIND_UPDATE, time: new Date(), actor: undefined },
  attributes: [
    { name: 'displayName', before: '"Lea"', after: '"Leasing"' },
    { name: 'members', before: '["a…', after: undefined },
  ],
};

describe('an activity as text', () => {
  it('has a line with time and zone, name and outcome under the header', () => {
    const [header = '', line = ''] = [ACTIVITY_HEADER, activityText(activity({ groupName: 'Leasing' }))].map(String);
    expect(line).to.match(/^2026-11-24 08:00:05Z {2}200 {5}PATCH {4}Leasing .* \/Groups\/x .* 12 ms /);
    for (const [name, cell] of [
      ['STATUS', '200'],
      ['USER OR GROUP', 'Leasing'],
      ['PATH', '/Groups/x'],
      ['REQUEST', ID],
    ] as const) {
      expect(header.indexOf(name), name).to.equal(line.indexOf(cell));
    }
  });

  it('names the user or group by its id where the name is not known, and is never empty there', () => {
    for (const [more, cell] of [
      [{ userId: 'u1' }, 'u1'],
      [{ userId: 'u1', userName: '' }, 'u1'],
      [{ groupId: 'g1', groupName: '' }, 'group g1'],
      [{ userId: '' }, '-'],
    ] as const) {
      expect(String(activityText(activity({ groupId: undefined, ...more }))).split(/ {2,}/)[3]).to.equal(cell);
    }
  });

  it('is "ok" for a sign-in that succeeds, and the status for one that is refused', () => {
    expect(String(activityText(activity({ method: 'SIGN-IN', status: 303 })))).to.match(/Z {2}ok +SIGN-IN/);
    expect(String(activityText(activity({ method: 'SIGN-IN', status: 403 })))).to.match(/Z {2}403 +SIGN-IN/);
  });
});

describe('an activity as JSON', () => {
  it('has words for kinds, values instead of JSON text, and no empty ids', () => {
    const value = JSON.parse(JSON.stringify(activityValue(activity({ userId: '', groupId: 'x', change }))));
    expect(value).not.to.have.property('userId');
    expect(value.change).to.include({ kind: 'update' }).and.not.have.property('userId');
    expect(value.change.attributes).to.deep.equal([
      { name: 'displayName', before: 'Lea', after: 'Leasing' },
      { name: 'members', before: '["a…' },
    ]);
    expect(changeValue({ ...change, userId: 'u' })).to.include({ userId: 'u' });
  });
});

describe('an activity as CSV', () => {
  it('has the columns of the header, and quotes commas, quotes and formulas', () => {
    expect(String(CSV_HEADER)).to.equal(
      'time,request_id,method,path,status,user_id,user_name,group_id,group_name,api_token_id,api_token_label,' +
        'duration_ms,scim_type,detail,change,attributes',
    );
    const line = String(csvLine(activity({ userName: '=cmd()', detail: 'a "b", c\nd', change })));
    expect(line).to.equal(
      `2026-11-24T08:00:05.123Z,${ID},PATCH,/Groups/x,200,,'=cmd(),,,,,12.34,,"a ""b"", c\\u000ad",update,` +
        '"displayName: ""Lea"" → ""Leasing""; members: [""a… → none"',
    );
  });
});

describe('a table of API tokens', () => {
  it('says that LAST USED lags', () => {
    expect(String(tokenTable([{ id: 'x', label: 'x' } as never]))).to.match(/LAST USED lags behind by up to 5 minutes/);
  });
});

describe('the command admin activity', function () {
  this.timeout(60_000);
  let env: Record<string, string>;
  before(async function () {
    needsOwnPair(this);
    env = { ADMIN_TOKEN: SERVICE_TOKENS.admin, USERSTORE_ADDRESS: (await sharedPair()).address };
  });
  const text = (...args: string[]) => succeeding(runAdmin(args, env));

  it('shows failures alone, changes alone, names, CSV and JSON', async () => {
    const { scim, organizationId: id } = await createTenant(await sharedPair());
    const user = await createUser(scim);
    await scim('GET', `/Users/${user.id}`);
    await scim('POST', '/Users', oktaUser(user.userName));
    await eventually('they are recorded', async () => / 409 /.test(await text('activity', id)), 5000);
    const [header = '', ...lines] = (await text('activity', id)).split('\n').filter((line) => !line.startsWith('  '));
    expect(header).to.match(/^TIME +STATUS +METHOD +USER OR GROUP/);
    expect(lines.filter((line) => line.includes(` ${user.userName} `))).to.have.length(3);
    expect(await text('activity', id, '--changes'))
      .to.match(/POST/)
      .and.not.match(/ GET /);
    expect(await text('activity', id, '--failures'))
      .to.match(/ 409 /)
      .and.not.match(/ 20[01] /);
    const csv = (await text('activity', id, '--csv')).trimEnd().split('\n');
    expect(csv).to.have.length(4);
    expect(csv[1]).to.match(new RegExp(`Z,.*,POST,/Users,201,${user.id},${user.userName},`));
    const [first] = JSON.parse(await text('--json', 'activity', id));
    expect(first.change.kind).to.equal('create');
    const named = first.change.attributes.find(({ name }: { name: string }) => name === 'userName');
    expect(named).to.deep.equal({ name: 'userName', after: user.userName });
  });

  it('shows the bodies that are kept of a request, of which an organization keeps those of failures, all or none', async () => {
    const { scim, organizationId: id } = await createTenant(await sharedPair());
    const answer = await scim('POST', '/Users', { userName: 'ana', password: 'hunter2', active: 'perhaps' });
    const reference = answer.headers.get('x-request-id') ?? '';
    const shown = () => text('activity', id, '--body', reference);
    await eventually('they are recorded', async () => (await shown()).startsWith('Sent:'), 10_000);
    expect(await shown())
      .to.match(/"userName": "ana",\n +"password": "\[redacted\]"/)
      .and.to.match(/Answered:\n[\s\S]*"status": "400"/)
      .and.not.include('hunter2');
    expect(await text('org', 'show', id)).to.match(/Bodies of requests +kept of failures/);
    expect(await text('org', 'set', id, '--bodies', 'all')).to.match(/all kept until .*, then those of failures/);
    expect(await text('org', 'set', id, '--bodies', 'failures')).to.match(/Bodies of requests +kept of failures/);
    expect(await text('org', 'set', id, '--bodies', 'off')).to.match(/Bodies of requests +not kept/);
    expect(await shown()).to.match(/^No bodies are kept of this request/);
  });

  it('says where to look in Okta if Okta has not asked', async () => {
    const { organizationId: id } = await createTenant(await sharedPair());
    const empty = await runAdmin(['activity', id], env);
    expect([empty.code, empty.stdout]).to.deep.equal([0, empty.stdout]);
    expect(empty.stdout).to.match(/Okta has not asked.*Dashboard → Tasks.*Reports → System Log/);
    const unknown = await runAdmin(['activity', id, '--user', 'ana@oakstreet.example'], env);
    expect([unknown.code, unknown.stdout]).to.deep.equal([1, '']);
    expect(unknown.stderr).to.match(/no such user: ana@.*Okta has not asked.*Dashboard → Tasks/);
    expect(await text('--json', 'activity', id)).to.equal('[]\n');
  });
});

describe('hints of the command admin', function () {
  this.timeout(20_000);
  it('name npm if npm started it, and node otherwise, as in a container', async () => {
    expect(await succeeding(command('admin', ['--help'], { npm_lifecycle_event: 'admin' }))).to.match(
      /^ {2}npm run admin -- org create/m,
    );
    expect(await succeeding(command('admin', ['--help'], {})))
      .to.match(/^ {2}node \S*dist\/bin\/admin\.js org create/m)
      .and.not.match(/npm run/);
  });
});
