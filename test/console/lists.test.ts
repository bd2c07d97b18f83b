/** The parts of the console that decide on values alone: access, folded requests, timelines, roles. */
import { expect } from 'chai';
import { accessOf } from '../../console/access.js';
import { byHour, curlOf, linesOf } from '../../console/request-lines.js';
import { ownPath } from '../../console/routes/sign-in.js';
import { includes, roleOf } from '../../console/staff/role.js';
import { createSessions } from '../../console/staff/sessions.js';
import { timelineOf } from '../../console/timeline.js';
import { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { Change } from '../../proto/gen/userstore/v1/change.js';
import { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { User } from '../../proto/gen/userstore/v1/user.js';

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000);
const activity = (id: string, seconds: number, more: Partial<Activity> = {}) =>
  Activity.fromPartial({ id, time: at(seconds), method: 'POST', path: '/Users', status: 409, ...more });

describe('the access of a person', () => {
  const organization = Organization.fromPartial({ id: 'oak' });
  const connection = SsoConnection.fromPartial({ issuer: 'https://oak.okta.com', required: true });
  const user = User.fromPartial({ active: true });
  const locked = { time: at(0), by: 'console/ana', reason: 'lost laptop' };
  const cases: [name: string, facts: Parameters<typeof accessOf>[0], sentence: RegExp][] = [
    [
      'may sign in',
      { user, organization, connection },
      /^May sign in through https:\/\/oak\.okta\.com: the user is active and not locked\.$/,
    ],
    [
      'has other ways in',
      { user, organization, connection: { ...connection, required: false } },
      /Other ways in are allowed/,
    ],
    [
      'is suspended first of all',
      { user: { ...user, locked }, organization: { ...organization, suspended: true }, connection },
      /suspended the organization/,
    ],
    [
      'is locked, by a person and with the reason',
      { user: { ...user, locked }, organization, connection },
      /console\/ana locked the user\. Reason: lost laptop/,
    ],
    ['is disabled', { user: { ...user, active: false }, organization, connection }, /Okta disabled the user/],
    ['has no single sign-on', { user, organization, connection: undefined }, /no single sign-on/],
  ];
  for (const [name, facts, sentence] of cases) {
    it(name, () => {
      expect(accessOf(facts).sentence).to.match(sentence);
      expect(accessOf(facts).isAllowed).to.equal(/^May/.test(accessOf(facts).sentence));
    });
  }
});

describe('the list of requests', () => {
  it('folds the same failure into one line with its number, newest first, and no success', () => {
    const lines = linesOf([
      activity('4', 4),
      activity('3', 3, { status: 200 }),
      activity('2', 2),
      activity('1', 1, { detail: 'another reason' }),
      activity('0', 0, { status: 200 }),
    ]);
    expect(lines.map(({ newest, count }) => [newest.id, count])).to.deep.equal([
      ['4', 2],
      ['3', 1],
      ['1', 1],
      ['0', 1],
    ]);
    expect(lines[0]?.firstTime).to.deep.equal(at(2));
  });

  it('does not fold failures of different people', () => {
    expect(linesOf([activity('1', 1, { userName: 'ana' }), activity('0', 0, { userName: 'bob' })])).to.have.length(2);
  });

  it('counts by the hour: the last number is the current hour', () => {
    const now = at(0).getTime();
    const counts = byHour(
      [activity('a', -10), activity('b', -3601), activity('c', -7199), activity('d', -90_000)],
      3,
      now,
    );
    expect(counts).to.deep.equal([0, 2, 1]);
  });

  it('writes a request as curl that a shell takes as one command, without a token', () => {
    const text = curlOf(
      activity('0', 0, { organizationId: 'oak', path: "/Users/'; rm -rf /" }),
      'https://scim.example',
    );
    expect(text).to.equal(
      `curl -X 'POST' -H 'Authorization: apikey <API token>' 'https://scim.example/oak/scim/v2/Users/'\\''; rm -rf /'`,
    );
  });
});

describe('the timeline', () => {
  it('has each change once: with its request where that is recorded', () => {
    const byOkta = Change.fromPartial({ version: 2, time: at(5), actor: { caller: 'edge', requestId: 'r' } });
    const byStaff = Change.fromPartial({ version: 3, time: at(7), actor: { caller: 'console', requestId: 's' } });
    const entries = timelineOf(
      [activity('x', 9, { status: 200 }), activity('r', 5, { status: 200 })],
      [byStaff, byOkta],
    );
    expect(entries.map(({ activity: one, change }) => [one?.id, change?.version])).to.deep.equal([
      ['x', undefined],
      [undefined, 3],
      ['r', 2],
    ]);
  });
});

describe('a role', () => {
  const groups = { viewer: ['Everyone'], support: ['Support', 'Second line'], admin: ['Platform'] };
  it('is the most powerful that a group of the person gives', () => {
    expect(roleOf(['Everyone', 'Platform'], groups)).to.equal('admin');
    expect(roleOf(['Second line'], groups)).to.equal('support');
    expect(roleOf(['platform'], groups)).to.equal(undefined);
  });
  it('includes those below it', () => {
    expect([includes('admin', 'support'), includes('support', 'support'), includes('viewer', 'support')]).to.deep.equal(
      [true, true, false],
    );
  });
});

describe('a session of staff', () => {
  it('ends an hour after its last request, and ten hours after it began', () => {
    let now = 1_000_000;
    const sessions = createSessions(() => now);
    const idle = sessions.begin({ name: 'ana', role: 'viewer' }, true);
    now += 3_600_001;
    expect(sessions.find(idle)).to.equal(undefined);
    const used = sessions.begin({ name: 'ana', role: 'viewer' }, true);
    for (let half = 0; half < 19; half++) {
      now += 1_800_000;
      expect(sessions.find(used), `half hour ${half}`).not.to.equal(undefined);
    }
    now += 1_800_000;
    expect(sessions.find(used)).to.equal(undefined);
  });
});

describe('the page after sign-in', () => {
  for (const path of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '',
    undefined,
    5,
    '/a b',
    `/${'x'.repeat(3000)}`,
  ]) {
    it(`is the start page instead of ${JSON.stringify(path)?.slice(0, 40)}`, () => {
      expect(ownPath(path)).to.equal('/');
    });
  }
  it('is a page of the console with its query', () => {
    expect(ownPath('/organizations/oak/requests?user=ana%40oak.example')).to.equal(
      '/organizations/oak/requests?user=ana%40oak.example',
    );
  });
});
