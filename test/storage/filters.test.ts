/** Filters as queries: their results, the same as the evaluator's, and the documents that MongoDB reads for them. */
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError } from '../../userstore/model/domain-error.js';
import { createMatcher } from '../../userstore/model/evaluate.js';
import { contractName, type Fields, USER_FIELDS, valuesOf } from '../../userstore/model/fields.js';
import { createElementTest } from '../../userstore/model/json-filter.js';
import { normalize } from '../../userstore/model/user.js';
import { createWork } from '../../userstore/model/work.js';
import { USERS } from '../../userstore/storage/columns.js';
import { toQuery } from '../../userstore/storage/filter-query.js';
import {
  allOf,
  anyOf,
  anyUser,
  compare,
  elementMatch,
  equal,
  not,
  present,
  typed,
  userNamed,
} from '../harness/users.js';
import { type Database, openDatabase, soon } from './database.js';

let database: Database;
const collection = () => database.collections.users;
const conditionOf = (organizationId: string, filter: Filter) => ({ organizationId, $and: [toQuery(filter, USERS)] });
const idsOf = async (organizationId: string, filter: Filter): Promise<string[]> => {
  const found = collection().find(conditionOf(organizationId, filter), { sort: { _id: 1 }, projection: { _id: 1 } });
  return (await found.toArray()).map(({ _id }) => _id);
};
const insert = (organizationId: string, user: User, time = new Date()) =>
  database.users.insert({ ...user, id: uuidv7(), organizationId, createTime: time, updateTime: time }, soon());

const equalsTime = (field: string, value: Date) => compare(field, Operator.OPERATOR_EQUAL, value);

/** Text that is difficult for patterns, folding, normal forms and orders. */
const PARTS = [
  'a',
  'A',
  'ß',
  'ẞ',
  'ss',
  'Σ',
  'ς',
  'é',
  'e\u0301',
  '😀',
  '\ue000',
  '.*',
  '^',
  '$',
  '(a|b)',
  '[',
  '\\',
  '{2}',
  '/',
  '\n',
  '\0',
  ' ',
  '-',
  '#',
];
const anyText = fc.array(fc.constantFrom(...PARTS), { maxLength: 4 }).map((parts) => parts.join(''));

const OPERATORS = Object.values(Operator).filter((value): value is Operator => typeof value === 'number' && value > 0);

/** Any term about one of these fields. */
function anyTerm(fields: Fields, prefix: string): Arbitrary<Filter> {
  const terms = Object.entries(fields).flatMap(([name, field]): Arbitrary<Filter>[] => {
    const contract = prefix + contractName(name);
    if (name === 'extensionAttributes') return [];
    if (field.kind === 'flag') return [fc.boolean().map((value) => equal(contract, value))];
    if (field.kind === 'text') {
      const comparison = fc.tuple(fc.constantFrom(...OPERATORS), anyText);
      return [
        comparison.map(([operator, value]) => compare(contract, operator, value)),
        fc.constant(present(contract)),
      ];
    }
    const below = anyTerm(field.fields, `${contract}.`);
    if (field.kind === 'message') return [below, fc.constant(present(contract))];
    const matched = anyFilter(anyTerm(field.fields, '')).map((filter) => elementMatch(contract, filter));
    return [below, matched, fc.constant(present(contract))];
  });
  return fc.oneof(...terms);
}

/** Terms joined and negated. */
function anyFilter(term: Arbitrary<Filter>): Arbitrary<Filter> {
  return fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      term,
      fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((filters) => allOf(...filters)),
      fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((filters) => anyOf(...filters)),
      tie('filter').map(not),
    ),
  })).filter;
}

/** Any user whose text is made of the same parts, so that filters match often. */
const anyPerson = fc.tuple(anyUser, fc.infiniteStream(anyText)).map(([user, texts]) => {
  const replaced = JSON.parse(JSON.stringify(user), (name, value: unknown) =>
    typeof value === 'string' && !['userName', 'valueJson', 'schema', 'name'].includes(name)
      ? texts.next().value
      : value,
  );
  return normalize({ ...user, ...replaced, extensionAttributes: [] });
});

/** An attribute of an extension. */
const inAcme = (name: string, value: unknown) => ({
  schema: 'urn:acme:1.0:User',
  name,
  valueJson: JSON.stringify(value),
});

const anyInstant = fc.constantFrom(
  '2026-01-01T00:00:00Z',
  '2026-01-01T02:00:00+02:00',
  '2026-01-01T00:00:00.5Z',
  '2026-02-30T00:00:00Z',
  '2027-01-01',
);
const longText = fc.constantFrom('a', 'A', 'b').map((letter) => letter.repeat(1030));
const anyScalar = fc.oneof(
  anyText,
  anyInstant,
  longText,
  fc.integer({ min: -2, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const anyValue = fc.oneof(
  anyScalar,
  fc.array(fc.oneof(anyScalar, fc.constant(null)), { maxLength: 3 }),
  fc.record({ x: anyScalar, Y: fc.array(anyScalar, { maxLength: 2 }) }, { requiredKeys: [] }),
);
const anyExtension = fc.record({ a: anyValue, B: anyValue }, { requiredKeys: [] });

/** Any comparison that a value of an extension supports, of an element's member, perhaps a deeper one. */
const anyComparison = fc
  .tuple(
    fc.constantFrom('a', 'b', 'B', 'a.x', 'b.y', 'a.Y', 'c'),
    fc.constantFrom(...OPERATORS),
    fc.oneof(
      anyScalar,
      anyInstant.filter((text) => !text.includes('-30')).map((text) => new Date(text)),
    ),
    fc.boolean(),
  )
  .map(([field, operator, value, caseExact]) => {
    const isOrder = typeof value === 'number' || value instanceof Date;
    const isPart = [2, 3, 4].includes(operator);
    const supported = typeof value === 'boolean' || (isOrder && isPart) ? Operator.OPERATOR_EQUAL : operator;
    const filter = compare(field, supported, value);
    if (filter.expression?.$case === 'comparison') filter.expression.value.caseExact = caseExact;
    return filter;
  });
const anyExtensionTerm = fc.oneof(anyComparison, fc.constantFrom('a', 'b', 'b.X').map(present));

/** Returns the filter with the fields of the extension instead of the members of an element. */
const ofAcme = (filter: Filter): Filter =>
  JSON.parse(JSON.stringify(filter), (name, value: unknown) => {
    if (name === 'field') return `urn:acme:1.0:User:${value}`;
    const { $case, value: time } = (value ?? {}) as { $case?: string; value?: string };
    return $case === 'timeValue' ? { $case, value: new Date(time ?? '') } : value;
  });

describe('filters', () => {
  before(async () => {
    database = await openDatabase('filters');
  });
  after(() => database.close());

  it('find by a query exactly the users that the evaluator chooses: 1500 random filters on 80 random users', async () => {
    const people: User[] = [];
    for (const [index, person] of fc.sample(anyPerson, 80).entries()) {
      people.push(await insert('random', { ...person, userName: `${index}${person.userName}` }));
    }
    people.sort((one, other) => (one.id < other.id ? -1 : 1));
    let chosen = 0;
    const sampled = fc.sample(anyFilter(anyTerm(USER_FIELDS, '')), 1500);
    for (const filter of sampled) {
      const { matches } = createMatcher(filter, USER_FIELDS);
      const expected = people.filter((person) => matches(valuesOf(person))).map(({ id }) => id);
      expect(await idsOf('random', filter), JSON.stringify(filter)).to.have.ordered.members(expected);
      if (expected.length > 0 && expected.length < people.length) chosen++;
    }
    expect(chosen, 'filters that chose some but not all').to.be.greaterThan(1000);
  }).timeout(60_000);

  it('find by extensions exactly the users whose JSON the evaluator chooses: 1500 random filters on 80 users', async () => {
    const people: [id: string, extension: object][] = [];
    for (const [index, extension] of fc.sample(anyExtension, 80).entries()) {
      const json = JSON.parse(JSON.stringify(extension)) as object;
      const extensionAttributes = Object.entries(json).flatMap(([name, value]) =>
        value === null ? [] : [inAcme(name, value)],
      );
      people.push([(await insert('extended', userNamed(`${index}`, { extensionAttributes }))).id, json]);
    }
    people.sort(([one], [other]) => (one < other ? -1 : 1));
    let chosen = 0;
    for (const filter of fc.sample(anyFilter(anyExtensionTerm), 1500)) {
      const test = createElementTest(filter, createWork(Number.POSITIVE_INFINITY));
      const expected = people.filter(([, extension]) => test(extension)).map(([id]) => id);
      const found = await idsOf('extended', ofAcme(filter));
      expect(found, JSON.stringify(filter)).to.have.ordered.members(expected);
      if (expected.length > 0 && expected.length < people.length) chosen++;
    }
    expect(chosen, 'filters that chose some but not all').to.be.greaterThan(700);
  }).timeout(60_000);

  describe('on what only the store has', () => {
    const badge = (valueJson: string, name = 'badge') => ({ schema: 'urn:acme:1.0:User', name, valueJson });
    const ids: Record<string, string> = {};
    before(async () => {
      const insertAs = async (name: string, user: Partial<User>, time: string) => {
        ids[(await insert('own', userNamed(name, user), new Date(time))).id] = name;
      };
      await insertAs(
        'ana',
        { extensionAttributes: [badge('"A-7"'), badge('12', 'floor')] },
        '2026-01-01T00:00:00.123Z',
      );
      await insertAs(
        'bob',
        { extensionAttributes: [badge('"a-7"'), badge('["x","Y"]', 'tags')] },
        '2026-02-01T00:00:00Z',
      );
      await insertAs(
        'cyd',
        { extensionAttributes: [badge('{"code":true,"list":[1,{"in":"z"}]}')] },
        '2026-03-01T00:00:00Z',
      );
      await insertAs('dee', { extensionAttributes: [badge(JSON.stringify('l'.repeat(2000)))] }, '2026-04-01T00:00:00Z');
    });
    const exactly = (filter: Filter): Filter =>
      filter.expression?.$case === 'comparison'
        ? { expression: { $case: 'comparison', value: { ...filter.expression.value, caseExact: true } } }
        : filter;
    const URN = 'urn:acme:1.0:User:badge';
    const rows: [title: string, filter: Filter, names: string][] = [
      ['a text in any letter case', equal('URN:Acme:1.0:user:BADGE', 'a-7'), 'ana bob'],
      ['a text in its letter case', exactly(equal(URN, 'a-7')), 'bob'],
      ['a number', equal('urn:acme:1.0:User:floor', 12), 'ana'],
      ['not text that looks like the number', equal('urn:acme:1.0:User:floor', '12'), ''],
      ['one of a list', equal('urn:acme:1.0:User:tags', 'y'), 'bob'],
      ['a member of an object', equal(`${URN}.code`, true), 'cyd'],
      ['a member of an object in a list', equal(`${URN}.list.in`, 'Z'), 'cyd'],
      ['a long text', equal(URN, 'L'.repeat(2000)), 'dee'],
      ['another long text', equal(URN, 'l'.repeat(2001)), ''],
      ['its presence', present(URN), 'ana bob cyd dee'],
      ['the presence of a member', present(`${URN}.list`), 'cyd'],
      ['its absence', not(present('urn:acme:1.0:User:tags')), 'ana cyd dee'],
      ['another value or none', not(equal('urn:acme:1.0:User:floor', 12)), 'bob cyd dee'],
      ['a name that looks like an operator', equal('urn:$where:x', 'x'), ''],
      ['a time, to the millisecond', equalsTime('create_time', new Date('2026-01-01T00:00:00.123Z')), 'ana'],
      ['times after', compare('update_time', Operator.OPERATOR_GREATER, new Date('2026-02-01T00:00:00Z')), 'cyd dee'],
      [
        'times until',
        compare('create_time', Operator.OPERATOR_LESS_OR_EQUAL, new Date('2026-02-01T00:00:00Z')),
        'ana bob',
      ],
      ['the version', equal('etag', 'W/"1"'), 'ana bob cyd dee'],
      ['another version', equal('etag', 'W/"2"'), ''],
      ['what is no version', equal('etag', '"1"'), ''],
      ['any id', present('id'), 'ana bob cyd dee'],
      [
        'a conjunction 80 levels deep',
        Array.from({ length: 80 }).reduce<Filter>((inner) => not(inner), present('id')),
        'ana bob cyd dee',
      ],
    ];
    for (const [title, filter, names] of rows) {
      it(`find ${title} → ${names || 'no user'}`, async () => {
        expect((await idsOf('own', filter)).map((id) => ids[id]).join(' ')).to.equal(names);
      });
    }
  });

  describe('are refused: FILTER_UNSUPPORTED', () => {
    const refused: [title: string, filter: Filter, field?: string][] = [
      ['contains for a flag', compare('active', Operator.OPERATOR_CONTAINS, true), 'active'],
      ['an order of flags', compare('active', Operator.OPERATOR_GREATER, true), 'active'],
      ['contains for a time', compare('update_time', Operator.OPERATOR_CONTAINS, new Date(0)), 'update_time'],
      ['text for a time', equal('update_time', '2026-01-01'), 'update_time'],
      ['an order of versions', compare('etag', Operator.OPERATOR_GREATER, 'W/"1"'), 'etag'],
      ['an order of booleans in extensions', compare('urn:x:y', Operator.OPERATOR_GREATER, true), 'urn:x:y'],
      ['a part of a number in an extension', compare('urn:x:y', Operator.OPERATOR_CONTAINS, 7), 'urn:x:y'],
      ['a part of a time in an extension', compare('urn:x:y', Operator.OPERATOR_ENDS_WITH, new Date(0)), 'urn:x:y'],
      ['an unknown operator on an extension', compare('urn:x:y', 99 as Operator, 'x'), 'urn:x:y'],
      ['a part of the URN of a schema', compare('schemas', Operator.OPERATOR_CONTAINS, 'urn:x'), 'schemas'],
      ['a message', equal('name', 'x'), 'name'],
      ['a list', equal('emails', 'x'), 'emails'],
      ['elements of a message', elementMatch('name', equal('given_name', 'x')), 'name'],
      [
        'elements of extension attributes',
        elementMatch('extension_attributes', equal('schema', 'x')),
        'extension_attributes',
      ],
      ['the stored values', present('extensionValues'), 'extensionValues'],
      ['81 levels', Array.from({ length: 81 }).reduce<Filter>((inner) => not(inner), present('id'))],
      ['51 terms', anyOf(...Array.from({ length: 51 }, () => present('id')))],
      ['an unknown operator', compare('user_name', 99 as Operator, 'x'), 'user_name'],
    ];
    for (const [title, filter, field] of refused) {
      it(title, () => {
        expect(() => toQuery(filter, USERS))
          .to.throw(DomainError)
          .include({ reason: 6, field });
      });
    }
  });

  describe('that Okta and Entra send', () => {
    before(async () => {
      const many = Array.from({ length: 3000 }, (_, index) => index);
      for (const organizationId of ['big', 'other']) {
        await Promise.all(
          many.map((index) =>
            insert(
              organizationId,
              userNamed(`user${index}@x.example`, {
                externalId: `00u${index}`,
                active: index % 3 !== 0,
                emails: [typed(`user${index}@x.example`, 'work', true), typed('shared@x.example', 'home')],
                extensionAttributes: [
                  inAcme('badge', `b${index}`),
                  inAcme('floor', index),
                  inAcme('hired', new Date(index * 1000).toISOString()),
                ],
              }),
            ),
          ),
        );
      }
    }).timeout(60_000);

    const workEmail = (value: string) => elementMatch('emails', allOf(equal('type', 'work'), equal('value', value)));
    const asked: [title: string, filter: (index: number) => Filter][] = [
      ['userName', (index) => equal('user_name', `USER${index}@x.example`)],
      ['externalId', (index) => equal('external_id', `00u${index}`)],
      ['emails.value', (index) => equal('emails.value', `user${index}@x.example`)],
      ['emails[type eq "work"].value', (index) => workEmail(`user${index}@x.example`)],
      ['userName and active', (index) => allOf(equal('user_name', `user${index}@x.example`), equal('active', true))],
      ['an extension attribute', (index) => equal('urn:acme:1.0:User:badge', `b${index}`)],
    ];
    const examined = async (filter: Filter) => {
      const found = collection().find(conditionOf('big', filter), { sort: { _id: 1 }, limit: 100 });
      const { executionStats } = await found.explain('executionStats');
      return { documents: executionStats.totalDocsExamined, found: executionStats.nReturned };
    };
    for (const [title, filter] of asked) {
      it(`read no more documents than they find: ${title}`, async () => {
        // Repeated, as MongoDB keeps a plan.
        for (const index of [1, 2, 1000, 2999, 4]) {
          expect(await idsOf('big', filter(index))).to.have.length(1);
          expect(await examined(filter(index))).to.deep.equal({ documents: 1, found: 1 });
        }
        expect(await examined(filter(9999))).to.deep.equal({ documents: 0, found: 0 });
      });
    }

    const { OPERATOR_GREATER, OPERATOR_LESS_OR_EQUAL, OPERATOR_STARTS_WITH } = Operator;
    const ranges: [title: string, filter: Filter, count: number][] = [
      ['numbers of an extension', compare('urn:acme:1.0:User:floor', OPERATOR_GREATER, 2990), 9],
      ['instants of an extension', compare('urn:acme:1.0:User:hired', OPERATOR_LESS_OR_EQUAL, new Date(4000)), 5],
      ['the start of texts of an extension', compare('urn:acme:1.0:User:badge', OPERATOR_STARTS_WITH, 'B299'), 11],
      ['texts of an extension in order', compare('urn:acme:1.0:User:badge', OPERATOR_GREATER, 'B998'), 1],
      ['attributes of an extension that nobody has', present('urn:acme:1.0:Nobody'), 0],
    ];
    for (const [title, filter, count] of ranges) {
      it(`read no more documents than they find: ${title}`, async () => {
        expect(await examined(filter)).to.deep.equal({ documents: count, found: count });
      });
    }

    it('read no more documents than they find: a work e-mail that 3000 others have at home', async () => {
      expect(await examined(workEmail('shared@x.example'))).to.deep.equal({ documents: 0, found: 0 });
    });

    it('read no more documents than they find: a page of the active, and of all', async () => {
      expect(await examined(equal('active', true))).to.deep.equal({ documents: 100, found: 100 });
      expect(await examined(present('id'))).to.deep.equal({ documents: 100, found: 100 });
    });
  });
});
