/** Lists as text in parts are the JSON that they would be as objects. */
import { expect } from 'chai';
import fc from 'fast-check';
import { jsonParts, ListText } from '../../../edge/routes/list-text.js';

const listOf = (pages: readonly object[][]) => {
  const list = new ListText();
  for (const page of pages) list.append(page as Record<string, unknown>[]);
  return list;
};
const anyPages = fc.array(fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 3 }), {
  maxLength: 3,
});

describe('a list as text', () => {
  it('is the JSON of all of its pages, wherever it stands and whatever stands around it', () => {
    fc.assert(
      fc.property(anyPages, anyPages, fc.jsonValue(), (one, other, around) => {
        const body = { around, Resources: [{ members: listOf(one), id: 'a' }, { members: listOf(other) }] };
        const text = Buffer.concat(jsonParts(body)).toString();
        const plain = { around, Resources: [{ members: one.flat(), id: 'a' }, { members: other.flat() }] };
        expect(text).to.equal(JSON.stringify(plain));
      }),
    );
  });
});
