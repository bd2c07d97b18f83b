/** Page tokens as text: what goes in comes out, for its own list only. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Filter } from '../../../proto/gen/userstore/v1/filter.js';
import type { Order } from '../../../proto/gen/userstore/v1/user_service.js';
import {
  type Position,
  type PositionKind,
  pageOf,
  pageSizeOf,
  pageTokenOf,
  positionIn,
  RECORD_PAGES,
  RESOURCE_PAGES,
  recordPosition,
  recordToken,
} from '../../../userstore/model/paging.js';
import { identityOf } from '../../../userstore/storage/list-identity.js';
import { allOf, elementMatch, equal } from '../../harness/users.js';

const text = fc.string({ unit: 'binary', maxLength: 300 });
const values = {
  text: fc.option(text),
  flag: fc.option(fc.boolean()),
  version: fc.option(fc.nat()),
  time: fc.date({ min: new Date(0), noInvalidDate: true }),
};
const place = fc
  .constantFrom<PositionKind>('text', 'flag', 'version', 'time')
  .chain((kind) => fc.tuple(fc.constant(kind), values[kind] as fc.Arbitrary<Position[number]>, text));

const LISTS: [filter: Filter | undefined, order: Order | undefined][] = [
  [undefined, undefined],
  [undefined, { field: 'id', descending: true }],
  [undefined, { field: 'user_name', descending: false }],
  [undefined, { field: 'user_name', descending: true }],
  [equal('user_name', 'a'), undefined],
  [equal('user_name', 'A'), undefined],
  [equal('external_id', 'a'), undefined],
  [allOf(equal('user_name', 'a')), undefined],
  [elementMatch('emails', equal('type', 'a')), undefined],
  [equal('active', true), undefined],
  [equal('active', false), undefined],
];

describe('a page token', () => {
  it('returns any position unchanged, and needs no escape in a URL', () => {
    const property = fc.property(place, ([kind, value, id]) => {
      const token = pageTokenOf('identity', [value, id]);
      expect(token).to.match(/^[\w-]+$/);
      expect(positionIn(token, 'identity', [kind, 'text'])).to.deep.equal([value, id]);
      expect(() => positionIn(token, 'identitx', [kind, 'text'])).to.throw('page token');
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('is refused, not misread, whatever else is sent for one', () => {
    const property = fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json()), (any) => {
      for (const token of [any, Buffer.from(any).toString('base64url')]) {
        expect(() => positionIn(token, 'identity', ['text'])).to.throw('page token');
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('is of one list: lists that differ in filter or order have different identities, always the same', () => {
    const identities = LISTS.map(([filter, order]) => identityOf(filter, order));
    expect(new Set(identities).size).to.equal(LISTS.length);
    expect(LISTS.map(([filter, order]) => identityOf(structuredClone(filter), order))).to.deep.equal(identities);
  });
});

describe('a page token of records', () => {
  const id = '0190a3c4-0000-7000-8000-000000000001';
  const time = new Date(1_700_000_000_000);

  it('gives the position back to its own list and to no other', () => {
    const token = recordToken('sessions', [id]);
    expect(recordPosition('sessions', token)).to.deep.equal([id]);
    for (const list of ['organizations', 'api-tokens', 'activities', 'changes'] as const) {
      expect(() => recordPosition(list, token), list).to.throw('page token');
    }
    expect(recordPosition('organizations', recordToken('organizations', [time, 'abc']))).to.deep.equal([time, 'abc']);
    expect(recordPosition('changes', recordToken('changes', [7]))).to.deep.equal([7]);
  });

  it('is absent or empty for the first page, and absent after the last one', () => {
    expect(recordPosition('sessions', undefined)).to.equal(undefined);
    expect(recordPosition('sessions', '')).to.equal(undefined);
    expect(recordToken('sessions', undefined)).to.equal(undefined);
  });

  it('is accepted as version 0.1.0 made it', () => {
    expect(recordPosition('api-tokens', id)).to.deep.equal([id]);
    expect(recordPosition('activities', `${id}.0001`)).to.deep.equal([`${id}.0001`]);
    expect(recordPosition('changes', '42')).to.deep.equal([42]);
    const organization = Buffer.from(`${time.getTime()}/abc`).toString('base64url');
    expect(recordPosition('organizations', organization)).to.deep.equal([time, 'abc']);
  });

  it('is refused with null, a wrong type or a wrong number of values', () => {
    for (const values of [[null], [7], [id, id], [], [{ $ne: '' }]]) {
      const token = Buffer.from(JSON.stringify(['sessions', ...values])).toString('base64url');
      expect(() => recordPosition('sessions', token), JSON.stringify(values)).to.throw('page token');
    }
  });
});

describe('a page', () => {
  it('has a next page only if one more item was found', () => {
    expect(pageOf(['a', 'b', 'c'], 2)).to.deep.equal({ items: ['a', 'b'], last: 'b' });
    expect(pageOf(['a', 'b'], 2)).to.deep.equal({ items: ['a', 'b'], last: undefined });
    expect(pageOf([], 0)).to.deep.equal({ items: [], last: undefined });
  });

  it('has a size within its bounds', () => {
    expect([undefined, 0, -1, 5, 1001].map((size) => pageSizeOf(size, RECORD_PAGES))).to.deep.equal([
      100, 100, 1, 5, 1000,
    ]);
    expect([undefined, 0, -1, 5, 201].map((size) => pageSizeOf(size, RESOURCE_PAGES))).to.deep.equal([
      100, 0, 0, 5, 200,
    ]);
  });
});
