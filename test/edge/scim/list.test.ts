/** List queries and list answers. */
import { expect } from 'chai';
import { listResponse, parseListQuery } from '../../../edge/scim/list.js';
import { refusalOf } from './refusal.js';

const rows: [query: Record<string, unknown>, startIndex: number, count: number][] = [
  [{}, 1, 100],
  [{ startIndex: '', count: '' }, 1, 100],
  [{ startIndex: '1', count: '100' }, 1, 100],
  [{ startIndex: '101', count: '5' }, 101, 5],
  [{ startIndex: '0' }, 1, 100],
  [{ startIndex: '-5' }, 1, 100],
  [{ startIndex: '+2' }, 2, 100],
  [{ startIndex: '999999999999999' }, 2 ** 31 - 1, 100],
  [{ count: '0' }, 1, 0],
  [{ count: '-1' }, 1, 0],
  [{ count: '200' }, 1, 200],
  [{ count: '201' }, 1, 200],
  [{ sortBy: 'userName', attributes: 'userName', constructor: 'x' }, 1, 100],
];

describe('a list query', () => {
  for (const [query, startIndex, count] of rows) {
    it(`${JSON.stringify(query)} asks for ${count} from ${startIndex}`, () => {
      expect(parseListQuery(query)).to.include({ filter: undefined, cursor: undefined, startIndex, count });
    });
  }

  for (const value of ['x', '1.5', '1e3', '0x10', ' 1', '1 ', '--1', '9'.repeat(16), ['1', '2'], { $gt: '' }]) {
    for (const name of ['startIndex', 'count']) {
      it(`${name}=${JSON.stringify(value)} is invalidValue`, () => {
        expect(refusalOf(() => parseListQuery({ [name]: value }))).to.equal('invalidValue');
      });
    }
  }

  it('hands the filter over as it came; an empty one is not "no filter"', () => {
    expect(parseListQuery({ filter: ' userName eq "a" ' }).filter).to.equal(' userName eq "a" ');
    expect(parseListQuery({ filter: '' }).filter).to.equal('');
  });

  for (const filter of [['a', 'b'], { a: 'b' }]) {
    it(`filter ${JSON.stringify(filter)} is invalidFilter, never all users`, () => {
      expect(refusalOf(() => parseListQuery({ filter }))).to.equal('invalidFilter');
    });
  }
});

describe('a list answer', () => {
  it('says how many match, from where it counts and how many it holds', () => {
    expect(listResponse([{ id: 'a' }, { id: 'b' }], 205, 101)).to.deep.equal({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 205,
      startIndex: 101,
      itemsPerPage: 2,
      Resources: [{ id: 'a' }, { id: 'b' }],
    });
  });

  it('has Resources also when it is empty: Okta fails without', () => {
    expect(listResponse([], 0, 1)).to.deep.include({ totalResults: 0, itemsPerPage: 0, Resources: [] });
  });
});
