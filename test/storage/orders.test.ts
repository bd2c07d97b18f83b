/** Orders of lists, and walks through them by page token. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../../userstore/model/domain-error.js';
import type { Listing } from '../../userstore/storage/lists.js';
import { equal, typed, userNamed } from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;
const YEAR_2020 = Date.UTC(2020, 0, 1);

/** Stores a user who was created this number of seconds after the start of 2020. */
const insert = (organizationId: string, second: number, user: User) => {
  const createTime = new Date(YEAR_2020 + 1000 * second);
  const id = uuidv7({ msecs: createTime.getTime() });
  return database.users.insert(
    { ...user, updateTime: user.updateTime ?? createTime, id, organizationId, createTime },
    soon(),
  );
};
const by = (field: string, descending = false) => ({ field, descending });

/** Names of all users of a list, page by page by their tokens; `between` runs after each page. */
async function walk(organizationId: string, listing: Listing, between = async () => {}): Promise<string[]> {
  const names: string[] = [];
  let pageToken: string | undefined;
  do {
    const page = await database.users.list(organizationId, { ...listing, pageToken }, soon());
    names.push(...page.users.map(({ userName }) => userName ?? ''));
    pageToken = page.nextPageToken;
    await between();
  } while (pageToken !== undefined && names.length < 1000);
  return names;
}

const name = (familyName: string) => ({ familyName }) as User['name'];
const at = (second: number) => new Date(YEAR_2020 + 1000 * second);
/** In the order of their creation. */
const people = [
  userNamed('Dan', { updateTime: at(50), title: 'b', externalId: 'b', emails: [typed('z@x.example', 'work')] }),
  userNamed('ann', {
    updateTime: at(90),
    title: 'b',
    externalId: 'B',
    active: false,
    emails: [typed('a@x.example', 'home'), typed('Y@x.example', 'work', true)],
  }),
  userNamed('Bob', {
    updateTime: at(50),
    name: name('\u{1f600}'),
    emails: [typed('x@x.example'), typed('a@x.example')],
  }),
  userNamed('eve', { updateTime: at(60), title: 'a', name: name('\uff5e'), externalId: '$title' }),
  userNamed('cyd', {
    updateTime: at(50),
    title: '',
    name: name('É'),
    active: false,
    emails: [typed('b@x.example', 'work', false), typed(undefined, 'home', true)],
  }),
];

const orders: [title: string, field: string, names: string][] = [
  ['id', 'id', 'Dan ann Bob eve cyd'],
  ['time of creation', 'create_time', 'Dan ann Bob eve cyd'],
  ['time of change, those alike by id', 'update_time', 'Dan Bob cyd eve ann'],
  ['user name, whatever its letter case', 'user_name', 'ann Bob cyd Dan eve'],
  ['title, the empty one first and those alike by id, then those without', 'title', 'cyd eve Dan ann Bob'],
  ['external id, in its letter case, then those without', 'external_id', 'eve ann Dan Bob cyd'],
  ['family name by code points, not by units of 16 bits', 'name.family_name', 'cyd eve Bob Dan ann'],
  ['active: those disabled first', 'active', 'ann cyd Dan Bob eve'],
  [
    'e-mail, whatever its letter case: the primary one even if it has no value, or else the first',
    'emails.value',
    'Bob ann Dan eve cyd',
  ],
];

const refused: [title: string, field: string][] = [
  ['a field that users do not have', 'salary'],
  ['a list', 'emails'],
  ['a message', 'name'],
  ['no field', ''],
  ['a stored name', 'userNameKey'],
  ["a prototype's name", 'constructor'],
  ['an attribute of an extension', 'urn:example:1.0:User:badge'],
];

describe('a list of users in an order', () => {
  before(async () => {
    database = await openDatabase('orders');
    for (const [index, user] of people.entries()) {
      await insert('people', index, user);
      await insert('others', index, user);
    }
  });
  after(() => database.close());

  for (const [title, field, names] of orders) {
    it(`of ${title}: ${names}, and descending the other way round`, async () => {
      const ascending = names.split(' ');
      for (const [descending, expected] of [
        [false, ascending],
        [true, ascending.toReversed()],
      ] as const) {
        const order = by(field, descending);
        for (const limit of [1, 2, 3, 5, 200]) {
          expect(await walk('people', { order, limit }), `pages of ${limit}`).to.deep.equal(expected);
        }
        const page = await database.users.list('people', { order, skip: 2, limit: 2 }, soon());
        expect(page.users.map(({ userName }) => userName)).to.deep.equal(expected.slice(2, 4));
        const filter = equal('active', true);
        const active = expected.filter((one) => one !== 'ann' && one !== 'cyd');
        expect(await walk('people', { filter, order, limit: 2 }), 'filtered').to.deep.equal(active);
      }
    });
  }

  it('returns users without fields of the order', async () => {
    const [one] = (await database.users.list('people', { order: by('title'), limit: 1 }, soon())).users;
    expect(one).to.deep.equal(await database.users.get('people', one?.id ?? '', soon()));
  });

  it('of long texts goes by their first 256 characters, so that a page token fits into a URL', async () => {
    const long = '\u{1f600}'.repeat(255);
    for (const [index, end] of ['b', 'ab', 'aa'].entries()) {
      await insert('long', index, userNamed(end, { title: long + end + '\u0000'.repeat(1700) }));
    }
    const order = by('title');
    expect(await walk('long', { order, limit: 1 })).to.deep.equal(['ab', 'aa', 'b']);
    const { nextPageToken } = await database.users.list('long', { order, limit: 1 }, soon());
    expect(nextPageToken).to.match(/^[\w-]{1,3000}$/);
  });

  for (const [title, field] of refused) {
    it(`of ${title} is ORDER_UNSUPPORTED in ${field || 'no field'}`, async () => {
      const error = await database.users
        .list('people', { order: by(field), limit: 0 }, soon())
        .catch((thrown) => thrown);
      expect(error).to.be.instanceOf(DomainError).and.include({ reason: 16, field });
    });
  }

  describe('by page token', () => {
    for (const [title, field] of orders) {
      it(`by ${title}: neither repeats nor misses any user who stays while others come and go`, async () => {
        for (const descending of [false, true]) {
          const organizationId = `moving ${field} ${descending}`;
          const make = (index: number) => {
            const more = { externalId: `e${index % 3}`, emails: [typed(`m${index % 4}`)], active: index % 2 === 0 };
            const title = index % 5 === 0 ? {} : { title: `t${index % 5}` };
            const user = userNamed(`u${(index * 7) % 40}`, { ...more, ...title, name: name(`n${index % 6}`) });
            return insert(organizationId, index, { ...user, updateTime: at(index % 8) });
          };
          for (let index = 0; index < 30; index++) await make(index);
          const order = by(field, descending);
          const before = await walk(organizationId, { order, limit: 200 });
          const gone: string[] = [];
          const come: string[] = [];
          let seen = 0;
          const walked = await walk(organizationId, { order, limit: 3 }, async () => {
            seen += 3;
            // The last user of the page just read, one far before, and the next.
            for (const place of [seen - 1, seen - 7, seen]) {
              const userName = before[place];
              const user = (await database.users.list(organizationId, { limit: 200 }, soon())).users.find(
                (one) => one.userName === userName,
              );
              if (!user || come.length > 8) continue;
              await database.users.remove(organizationId, user.id, undefined, soon());
              gone.push(user.userName ?? '');
              come.push((await make(30 + come.length)).userName ?? '');
            }
          });
          const stayed = before.filter((one) => !gone.includes(one));
          expect(gone.length).to.be.greaterThan(5);
          expect(walked.filter((one) => stayed.includes(one))).to.deep.equal(stayed);
          expect(new Set(walked).size, 'nobody twice').to.equal(walked.length);
        }
      });
    }

    it('the last page and an empty page have no token', async () => {
      for (const listing of [
        { limit: 5 },
        { limit: 200 },
        { limit: 0 },
        { limit: 2, skip: 3 },
        { limit: 2, skip: 9 },
      ]) {
        const page = await database.users.list('people', listing, soon());
        expect(page, JSON.stringify(listing)).not.to.have.property('nextPageToken');
      }
    });

    it('a token skips no user, whatever skip says', async () => {
      const { nextPageToken: pageToken } = await database.users.list('people', { limit: 2 }, soon());
      const { users } = await database.users.list('people', { pageToken, skip: 2, limit: 1 }, soon());
      expect(users[0]?.userName).to.equal('Bob');
    });

    it('a token of another organization reveals nothing of it', async () => {
      const { nextPageToken: pageToken } = await database.users.list('others', { limit: 2 }, soon());
      const { users } = await database.users.list('people', { pageToken, limit: 200 }, soon());
      expect(users.filter(({ organizationId }) => organizationId !== 'people')).to.deep.equal([]);
    });

    const encoded = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
    const invalid: [title: string, change: (token: string) => string | Promise<string>][] = [
      ['that is empty', () => ''],
      ['that is no base64url', (token) => `${token}=`],
      ['that is cut off', (token) => token.slice(0, -3)],
      ['that is longer', (token) => `${token}AAAA`],
      ['that is too long', () => 'A'.repeat(5000)],
      ['that is no JSON', () => 'AAAA'],
      ['that is JSON of something else', () => encoded({ length: 2 })],
      ['that is JSON null', () => encoded(null)],
      ['of another filter', () => tokenOf({ filter: equal('active', true) })],
      ['of another order', () => tokenOf({ order: by('title') })],
      ['of the other direction', () => tokenOf({ order: by('user_name', true) })],
      ['with an operator for a value', (token) => encoded([contentOf(token)[0], { $gt: '' }])],
      ['with a number for a text', (token) => encoded([contentOf(token)[0], 1])],
      ['with a value too few', (token) => encoded(contentOf(token).slice(0, 1))],
      ['with a value too many', (token) => encoded([...contentOf(token), 'x'])],
    ];
    const contentOf = (token: string): unknown[] => JSON.parse(Buffer.from(token, 'base64url').toString());
    const tokenOf = async (listing: { filter?: Filter; order?: Listing['order'] }) =>
      (await database.users.list('people', { ...listing, limit: 1 }, soon())).nextPageToken ?? 'none';
    for (const [title, change] of invalid) {
      it(`a token ${title} is PAGE_TOKEN_INVALID`, async () => {
        const order = by('user_name');
        const pageToken = await change(await tokenOf({ order }));
        for (const limit of [0, 10]) {
          const call = database.users.list('people', { order, pageToken, limit }, soon());
          expect(await call.catch((thrown) => thrown))
            .to.be.instanceOf(DomainError)
            .and.include({ reason: 15 });
        }
      });
    }

    it('a token with an invalid time is PAGE_TOKEN_INVALID', async () => {
      const order = by('update_time');
      const [identity, , id] = contentOf(await tokenOf({ order }));
      for (const time of [1e300, -1, 0.5, '2020', null]) {
        const call = database.users.list(
          'people',
          { order, pageToken: encoded([identity, time, id]), limit: 1 },
          soon(),
        );
        expect(await call.catch((thrown) => thrown), String(time)).to.include({ reason: 15 });
      }
    });
  });
});
