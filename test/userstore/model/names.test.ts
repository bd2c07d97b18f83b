/** Unique names as people see them. */
import { expect } from 'chai';
import { visibleName } from '../../../userstore/model/names.js';

const alike: [title: string, one: string, other: string][] = [
  ['letter case', 'Sales', 'SALES'],
  ['a blank at the end', 'Sales', 'Sales '],
  ['a blank at the start', 'Sales', '\t Sales'],
  ['two blanks inside', 'R and D', 'R  and\u2003 D'],
  ['a no-break space', 'R and D', 'R\u00a0and D'],
  ['an ideographic space', 'R D', 'R\u3000D'],
  ['a zero-width space', 'Sales', 'Sa\u200bles'],
  ['a byte order mark', 'Sales', '\ufeffSales'],
  ['a soft hyphen', 'Sales', 'Sa\u00adles'],
  ['a mark of text direction', 'Sales', '\u202eSales\u202c'],
  ['a zero-width space between blanks', 'R D', 'R \u200b D'],
  ['a composed letter', 'Zo\u00eb', 'Zoe\u0308'],
];
const different: [one: string, other: string][] = [
  ['Sales', 'Sale s'],
  ['Sales', 'Sàles'],
  ['Sales 1', 'Sales I'],
  ['Sales', 'Sales_'],
];

describe('a visible name', () => {
  for (const [title, one, other] of alike) {
    it(`does not depend on ${title}`, () => expect(visibleName(one)).to.equal(visibleName(other)));
  }
  for (const [one, other] of different) {
    it(`tells "${one}" from "${other}"`, () => expect(visibleName(one)).not.to.equal(visibleName(other)));
  }
  it('of invisible characters is empty', () => expect(visibleName('\u200b\u00a0\ufe0f\u2800')).to.equal(''));
});
