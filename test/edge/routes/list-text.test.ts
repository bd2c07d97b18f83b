/** Lists as text in parts are the JSON that they would be as objects. */
import { expect } from 'chai';
import fc from 'fast-check';
import { completeParts, jsonSegments, ListText } from '../../../edge/routes/list-text.js';

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
        const text = Buffer.concat(completeParts(jsonSegments(body)) ?? []).toString();
        const plain = { around, Resources: [{ members: one.flat(), id: 'a' }, { members: other.flat() }] };
        expect(text).to.equal(JSON.stringify(plain));
      }),
    );
  });

  it('is the same where later pages are read while it is sent', async () => {
    async function* later(pages: object[][]) {
      for (const page of pages) yield page as Record<string, unknown>[];
    }
    await fc.assert(
      fc.asyncProperty(anyPages, anyPages, async (first, rest) => {
        const list = listOf(first);
        list.appendLater(later(rest));
        expect(completeParts(jsonSegments({ list }))).to.equal(undefined);
        const parts: Buffer[] = [];
        for await (const part of list.text()) parts.push(part);
        expect(Buffer.concat(parts).toString()).to.equal(JSON.stringify([...first, ...rest].flat()));
      }),
    );
  });
});
