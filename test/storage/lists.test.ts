/** Lists of users: the results of filters, and the pages without gap or duplicate. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../../userstore/model/domain-error.js';
import { allOf, elementMatch, equal, typed, userNamed } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;
const insert = (organizationId: string, user: User) => {
  const now = new Date();
  return database.users.insert({ ...user, id: uuidv7(), organizationId, createTime: now, updateTime: now }, soon());
};

const people: Record<string, User> = {
  ana: userNamed('ana@x.example', {
    externalId: 'A1',
    emails: [typed('ana@x.example', 'work', true), typed('ana@home.example', 'home')],
  }),
  Bob: userNamed('Bob@X.example', { externalId: 'a1', active: false, emails: [typed('BOB@x.example', 'Work')] }),
  cyd: userNamed('cyd', { emails: [typed('shared@x.example', 'home'), typed('cyd@x.example', 'work')] }),
  dee: userNamed('dee', { externalId: 'A1', emails: [typed('shared@x.example', 'work')] }),
  zoe: userNamed('Zoë "Z" \\ O\'Hara', { externalId: '$ne' }),
  ops: userNamed('{"$gt":""}', { active: false, externalId: '/.*/' }),
};

const workEmail = (value: string) => elementMatch('emails', allOf(equal('type', 'work'), equal('value', value)));
const nested = (filter: Filter, depth: number): Filter => (depth === 0 ? filter : allOf(nested(filter, depth - 1)));

const found: [title: string, filter: Filter | undefined, names: string][] = [
  ['nothing: everybody', undefined, 'ana Bob cyd dee zoe ops'],
  ['a user name', equal('user_name', 'ana@x.example'), 'ana'],
  ['a user name in another letter case', equal('user_name', 'bOB@x.EXAMPLE'), 'Bob'],
  ['a part of a user name', equal('user_name', 'ana'), ''],
  ['an empty user name', equal('user_name', ''), ''],
  ['a user name with quotes, a backslash and accents', equal('user_name', 'zoë "z" \\ o\'hara'), 'zoe'],
  ['a user name that looks like an operator', equal('user_name', '{"$gt":""}'), 'ops'],
  ['an external id that several have', equal('external_id', 'A1'), 'ana dee'],
  ['an external id, in its letter case', equal('external_id', 'a1'), 'Bob'],
  ['an external id that looks like an operator', equal('external_id', '$ne'), 'zoe'],
  ['an external id that looks like a pattern', equal('external_id', '/.*/'), 'ops'],
  ['an empty external id is not an absent one', equal('external_id', ''), ''],
  ['active', equal('active', true), 'ana cyd dee zoe'],
  ['disabled', equal('active', false), 'Bob ops'],
  ['an e-mail, whatever it is for', equal('emails.value', 'SHARED@x.example'), 'cyd dee'],
  ['a work e-mail', workEmail('shared@x.example'), 'dee'],
  ['a work e-mail, type in another letter case', workEmail('bob@x.example'), 'Bob'],
  ['a home e-mail asked for as a work one', workEmail('ana@home.example'), ''],
  ['an element by one field', elementMatch('emails', equal('type', 'home')), 'ana cyd'],
  ['all of two fields', allOf(equal('external_id', 'A1'), equal('active', true)), 'ana dee'],
  [
    'all of two e-mails, in different elements',
    allOf(equal('emails.value', 'ana@x.example'), equal('emails.value', 'ana@home.example')),
    'ana',
  ],
  [
    'one element that is two things at once',
    elementMatch('emails', allOf(equal('value', 'ana@x.example'), equal('value', 'ana@home.example'))),
    '',
  ],
  ['a contradiction', allOf(equal('active', true), equal('active', false)), ''],
  [
    'all of three, nested',
    allOf(equal('active', true), allOf(equal('external_id', 'A1'), workEmail('ana@x.example'))),
    'ana',
  ],
  ['a conjunction 20 levels deep', nested(equal('user_name', 'cyd'), 20), 'cyd'],
  ['an id that nobody has', equal('id', 'x'), ''],
];

const literal = { kind: { $case: 'stringValue', value: 'x' } } as const;
const refused: [title: string, filter: Filter, field?: string][] = [
  ['a field that users do not have', equal('salary', 'x'), 'salary'],
  ['a stored name', equal('userNameKey', 'x'), 'userNameKey'],
  ['the organization', equal('organization_id', 'x'), 'organization_id'],
  ['an operator as a field', equal('$where', 'x'), '$where'],
  ["a prototype's name", equal('constructor', 'x'), 'constructor'],
  ['text for a flag', equal('active', 'true'), 'active'],
  ['a flag for text', equal('user_name', true), 'user_name'],
  ['no operator', { expression: { $case: 'comparison', value: { field: 'id', operator: 0, value: literal } } }, 'id'],
  ['no literal', { expression: { $case: 'comparison', value: { field: 'id', operator: 1, value: undefined } } }, 'id'],
  ['an empty filter', { expression: undefined }],
  ['a conjunction of nothing', allOf()],
  ['elements of a field that is no list', elementMatch('user_name', equal('value', 'x')), 'user_name'],
  ['a field that elements do not have', elementMatch('emails', equal('color', 'x')), 'color'],
  ['elements of elements', elementMatch('emails', elementMatch('emails', equal('value', 'x'))), 'emails'],
  ['81 levels and more', nested(equal('user_name', 'x'), 81)],
];

describe('a list of users', () => {
  before(async () => {
    database = await openDatabase('lists');
    for (const user of Object.values(people)) await insert('people', user);
  });
  after(() => database.close());

  describe('filtered by', () => {
    for (const [title, filter, names] of found) {
      it(`${title} → ${names || 'no user'}`, async () => {
        const { users, total } = await database.users.list('people', { filter, limit: 200 }, soon());
        const nameOf = (user: User) => Object.keys(people).find((name) => people[name]?.userName === user.userName);
        expect(users.map(nameOf).join(' ')).to.equal(names);
        expect(total).to.equal(users.length);
        expect((await database.users.list('people', { filter, limit: 0 }, soon())).total, 'the total alone').to.equal(
          total,
        );
      });
    }

    it('an id finds this user only', async () => {
      const everybody = await database.users.list('people', { limit: 200 }, soon());
      const id = everybody.users[2]?.id ?? '';
      expect(
        (await database.users.list('people', { filter: equal('id', id), limit: 200 }, soon())).users[0]?.userName,
      ).to.equal('cyd');
      expect(
        (await database.users.list('people', { filter: equal('id', id.toUpperCase()), limit: 200 }, soon())).total,
      ).to.equal(0);
    });
  });

  describe('refuses to be filtered by', () => {
    for (const [title, filter, field] of refused) {
      it(`${title}: FILTER_UNSUPPORTED${field ? ` in ${field}` : ''}`, async () => {
        const error = await database.users
          .list('people', { filter, limit: 10 }, soon())
          .catch((thrown: unknown) => thrown);
        expect(error).to.be.instanceOf(DomainError).and.include({ reason: 6, field });
      });
    }
  });

  describe('in pages', () => {
    before(async () => {
      for (let index = 0; index < 23; index++) await insert('pages', userNamed(`user ${index}`));
    });

    for (const limit of [1, 5, 23, 24]) {
      it(`of ${limit} has every user once, oldest first, with the same total on each`, async () => {
        const walked: (string | undefined)[] = [];
        for (let skip = 0; skip < 23; skip += limit) {
          const page = await database.users.list('pages', { skip, limit }, soon());
          expect(page.users).to.have.length(Math.min(limit, 23 - skip));
          expect(page.total).to.equal(23);
          walked.push(...page.users.map(({ userName }) => userName));
        }
        expect(walked).to.deep.equal(Array.from({ length: 23 }, (_, index) => `user ${index}`));
      });
    }

    it('of size 0 returns the total only', async () => {
      expect(await database.users.list('pages', { limit: 0 }, soon())).to.deep.equal({ users: [], total: 23 });
      expect(await database.users.list('pages', { skip: 7, limit: 0 }, soon())).to.deep.equal({ users: [], total: 23 });
      expect(await database.users.list('nobody', { limit: 0 }, soon())).to.deep.equal({ users: [], total: 0 });
    });

    it('ends at 1 MiB, and continues there by skip, by page token, and after any of its users', async () => {
      const photos = ['a', 'b', 'c'].map((value) => typed(value.repeat(65_536)));
      for (let index = 0; index < 8; index++) await insert('large', userNamed(`user ${index}`, { photos }));
      const everybody = Array.from({ length: 8 }, (_, index) => `user ${index}`);

      const first = await database.users.list('large', { limit: 100 }, soon());
      expect(first.users).to.have.length(5);
      expect(first.total).to.equal(8);
      const skip = first.users.length;
      for (const rest of [{ skip }, { pageToken: first.nextPageToken }]) {
        const last = await database.users.list('large', { ...rest, limit: 100 }, soon());
        expect([...first.users, ...last.users].map(({ userName }) => userName)).to.deep.equal(everybody);
        expect(last.nextPageToken).to.equal(undefined);
        expect(last.total).to.equal(8);
      }
      const second = await database.users.list('large', { pageToken: first.tokenAfter?.(2), limit: 1 }, soon());
      expect(second.users.map(({ userName }) => userName)).to.deep.equal(['user 2']);
    });

    for (const skip of [23, 24, 2 ** 31 - 1]) {
      it(`past the end (${skip} of 23) is empty and still tells the total`, async () => {
        expect(await database.users.list('pages', { skip, limit: 10 }, soon())).to.deep.equal({ users: [], total: 23 });
      });
    }

    it('has no duplicate and no gap while users are inserted', async () => {
      for (let index = 0; index < 20; index++) await insert('moving', userNamed(`old ${index}`));
      const walk = new AbortController();
      let inserted = 0;
      const inserting = (async () => {
        while (!walk.signal.aborted && inserted < 500) await insert('moving', userNamed(`new ${inserted++}`));
      })();
      const walked: string[] = [];
      for (let skip = 0; skip < 20; skip += 3) {
        const page = await database.users.list('moving', { skip, limit: 3 }, soon());
        walked.push(...page.users.map(({ userName }) => userName ?? ''));
      }
      walk.abort();
      await inserting;
      expect(inserted).to.be.greaterThan(0);
      expect(new Set(walked).size).to.equal(walked.length);
      expect(walked.filter((name) => name.startsWith('old'))).to.have.length(20);
    });
  });

  it('end for a reader who reads until they have the total, though another userstore deletes meanwhile', async () => {
    for (const [organizationId, filter] of [
      ['walk', undefined],
      ['filtered-walk', equal('active', true)],
    ] as const) {
      const users: User[] = [];
      for (let index = 0; index < 6; index++) users.push(await insert(organizationId, userNamed(`u${index}`)));
      const page = (skip: number) => database.users.list(organizationId, { filter, skip, limit: 2 }, soon());
      await page(0);
      // A deletion that this userstore does not know of, as if another one had made it.
      await database.collections.users.deleteMany({ organizationId, userName: { $in: ['u0', 'u5'] } });
      let [read, total, pages] = [0, Number.POSITIVE_INFINITY, 0];
      while (read < total && pages++ < 10) {
        const next = await page(read);
        read += next.users.length;
        total = next.total;
      }
      expect(pages).to.be.at.most(4);
    }
  });
});
