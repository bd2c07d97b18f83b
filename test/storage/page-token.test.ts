/** Page tokens as text: what goes in comes out, for its own list only. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import type { Kind, Position } from '../../userstore/storage/orders.js';
import { identityOf, pageTokenOf, positionIn } from '../../userstore/storage/page-token.js';
import { allOf, elementMatch, equal } from '../harness/users.js';

const text = fc.string({ unit: 'binary', maxLength: 300 });
const values = {
  text: fc.option(text),
  flag: fc.option(fc.boolean()),
  version: fc.option(fc.nat()),
  time: fc.date({ min: new Date(0), noInvalidDate: true }),
};
const place = fc
  .constantFrom<Kind>('text', 'flag', 'version', 'time')
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
  it('gives any position back as it was, and may stand in a URL as it is', () => {
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
