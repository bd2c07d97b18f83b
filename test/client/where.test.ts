/** The filters of the package: userstore takes each, and finds by them what they say. */
import { expect } from 'chai';
import { connect, type Userstore } from '../../client/connect.js';
import { not } from '../../client/filters.js';
import { and, or, where, whereGroup } from '../../client/where.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { freshTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { actor } from '../harness/userstore.js';

const TIME = new Date('2026-01-01T00:00:00Z');
const VALUES: Record<string, unknown[]> = { active: [true], createTime: [TIME], updateTime: [TIME] };

describe('the filters of the client', () => {
  let userstore: Userstore;
  let organizationId: string;
  before(async () => {
    userstore = connect({ address: (await sharedPair()).address, token: SERVICE_TOKENS.admin });
    ({ organizationId } = await freshTenant());
    const people = [
      { userName: 'ana', title: 'Agent', active: true, emails: [{ value: 'ana@oakstreet.example', type: 'work' }] },
      { userName: 'ben', title: 'Manager', active: true, emails: [{ value: 'ben@home.example', type: 'home' }] },
      { userName: 'cem', title: 'Manager', active: false, emails: [] },
    ];
    for (const user of people) await userstore.users.create({ organizationId, actor: actor(), user });
  });
  after(() => userstore.close());

  const found = async (filter: Filter) =>
    (await userstore.users.list({ organizationId, filter }).all()).map(({ userName }) => userName).join(' ');

  const cases: [what: string, filter: Filter, users: string][] = [
    ['an e-mail address', where.email.eq('ANA@oakstreet.example'), 'ana'],
    ['an e-mail address of a type', where.email.ofType('work').eq('ben@home.example'), ''],
    ['the presence of e-mail addresses', where.email.isPresent(), 'ana ben'],
    ['one of several names', where.userName.in('ana', 'cem', 'nobody'), 'ana cem'],
    ['a part of a title', where.title.contains('anage'), 'ben cem'],
    ['another title', where.title.ne('Manager'), 'ana'],
    ['two conditions', and(where.active.eq(true), where.title.startsWith('Man')), 'ben'],
    ['either of two', or(where.userName.eq('ana'), where.active.eq(false)), 'ana cem'],
    ['the opposite', not(where.userName.endsWith('m')), 'ana ben'],
    ['a time', where.createTime.after(TIME), 'ana ben cem'],
    ['a time before', where.createTime.before(TIME), ''],
    ['a field by its name in the contract', where.field('user_name').eq('ana'), 'ana'],
  ];
  for (const [what, filter, users] of cases) {
    it(`find users by ${what}`, async () => expect(await found(filter)).to.equal(users));
  }

  for (const [kind, table] of Object.entries({ users: where, groups: whereGroup })) {
    it(`on ${kind} are all taken by userstore`, async () => {
      const { field: _, ...conditions } = { field: undefined, ...table };
      for (const [name, condition] of Object.entries(conditions)) {
        for (const [operator, make] of Object.entries(condition)) {
          if (operator === 'ofType') continue;
          const filter = (make as (...values: unknown[]) => Filter)(...(VALUES[name] ?? ['x']));
          const list = kind === 'users' ? userstore.users : userstore.groups;
          await list
            .list({ organizationId, filter })
            .first()
            .catch((error: Error) => expect.fail(`${name}.${operator}: ${error.message}`));
        }
      }
    });
  }
});
