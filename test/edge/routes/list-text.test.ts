/** Lists as text in parts are the JSON that they would be as objects. */
import { expect } from 'chai';
import fc from 'fast-check';
import { completeParts, jsonSegments, ListText } from '../../../edge/routes/list-text.js';

const listOf = (pages: readonly object[][]) => {
  const list = new ListText();
  for (const page of pages) list.append(page as Record<string, unknown>[]);
  return list;
};
async function* later(pages: object[][]) {
  for (const page of pages) yield page as Record<string, unknown>[];
}
const textOf = async (list: ListText) => {
  const parts: Buffer[] = [];
  for await (const part of list.text()) parts.push(part);
  return Buffer.concat(parts).toString();
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

  it('is the JSON of its elements where these contain lists, complete or not, and counts the elements', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPages, { maxLength: 3 }), fc.boolean(), async (lists, isLater) => {
        const outer = new ListText();
        for (const pages of lists) {
          const members = listOf(pages);
          if (isLater) members.appendLater(later([[{ last: 1 }]]));
          outer.append([{ members }, { id: 'b' }]);
        }
        const last = isLater ? [{ last: 1 }] : [];
        const plain = JSON.stringify(lists.flatMap((pages) => [{ members: [...pages.flat(), ...last] }, { id: 'b' }]));
        const whole = completeParts(jsonSegments({ outer }));
        if (isLater && lists.length > 0) expect(whole).to.equal(undefined);
        else expect(Buffer.concat(whole ?? []).toString()).to.equal(`{"outer":${plain}}`);
        expect(await textOf(outer)).to.equal(plain);
        expect(outer.length).to.equal(2 * lists.length);
      }),
    );
  });

  it('is the same where later pages are read while it is sent', async () => {
    await fc.assert(
      fc.asyncProperty(anyPages, anyPages, async (first, rest) => {
        const list = listOf(first);
        list.appendLater(later(rest));
        expect(completeParts(jsonSegments({ list }))).to.equal(undefined);
        expect(await textOf(list)).to.equal(JSON.stringify([...first, ...rest].flat()));
      }),
    );
  });
});
