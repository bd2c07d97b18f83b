/** The query string of a request. */
import { expect } from 'chai';
import { parseQuery } from '../../../edge/routes/query.js';

const rows: [query: string | null, parsed: Record<string, unknown>][] = [
  ['filter=userName%20eq%20%22a+x@ex.test%22', { filter: 'userName eq "a+x@ex.test"' }],
  ['filter=userName%20eq%20%22a%2Bx@ex.test%22', { filter: 'userName eq "a+x@ex.test"' }],
  ['filter=userName+eq+%22a%2Bx@ex.test%22', { filter: 'userName eq "a+x@ex.test"' }],
  ['filter=displayName+eq+%22R%20D+x%22', { filter: 'displayName eq "R D x"' }],
  ['filter=title+pr&attributes=a%20,b+c', { filter: 'title pr', attributes: 'a ,b+c' }],
  ['Filter=title+pr&STARTINDEX=2&x=1&X=2', { filter: 'title pr', startIndex: '2', x: '1', X: '2' }],
  ['filter=a&FILTER=b', { filter: ['a', 'b'] }],
  ['filter', { filter: '' }],
  ['', {}],
  [null, {}],
];

describe('a query string', () => {
  for (const [query, parsed] of rows) {
    it(`${query || '(none)'} is read`, () => expect({ ...parseQuery(query) }).to.deep.equal(parsed));
  }
});
