/** Pages of lists that come from userstore in several parts. */
import { expect } from 'chai';
import { readPage } from '../../../edge/routes/list-page.js';
import { completeParts, jsonSegments } from '../../../edge/routes/list-text.js';
import { type ListQuery, parseListQuery } from '../../../edge/scim/list.js';

/** Reads a page from a userstore whose pages have at most `most` of these; without those that are gone. */
async function read(query: ListQuery, most: number, all: string[], gone: string[] = []) {
  const asked: [cursor: string | undefined, count: number][] = [];
  const list = async ({ cursor, count, startIndex }: ListQuery) => {
    asked.push([cursor, count]);
    const start = cursor ? Number(cursor) : startIndex - 1;
    const end = start + Math.min(count, most);
    const nextPageToken = end < all.length ? String(end) : undefined;
    return { resources: all.slice(start, end), totalSize: 5, nextPageToken };
  };
  const page = await readPage(query, list, (some) => some.filter((id) => !gone.includes(id)).map((id) => ({ id })));
  const text = Buffer.concat(completeParts(jsonSegments({ list: page.resources })) ?? []).toString();
  const ids = (JSON.parse(text) as { list: { id: string }[] }).list.map(({ id }) => id);
  expect(page.resources).to.have.length(ids.length);
  return { ids: ids.join(''), total: page.totalSize, next: page.nextPageToken, asked };
}

const ALL = [...'abcdefghij'];

describe('a page of a list', () => {
  it('is one answer of userstore if that is all that was asked for', async () => {
    const page = await read(parseListQuery({ count: 4 }), 4, ALL);
    expect(page).to.deep.equal({ ids: 'abcd', total: 5, next: '4', asked: [[undefined, 4]] });
  });

  it('has all that was asked for, from answers that are shorter, and a total that is not less', async () => {
    const page = await read(parseListQuery({ startIndex: 2, count: 8 }), 3, ALL);
    const asked = [
      [undefined, 8],
      ['4', 5],
      ['7', 2],
    ];
    expect(page).to.deep.equal({ ids: 'bcdefghi', total: 10, next: '9', asked });
  });

  it('ends with the list, and does not count what is deleted meanwhile', async () => {
    const page = await read(parseListQuery({ count: 100 }), 4, ALL, ['b', 'j']);
    expect(page).to.include({ ids: 'acdefghi', total: 8, next: undefined });
  });

  it('has 16 MiB and the part that exceeds them at most, and its cursor continues there', async () => {
    const large = Array.from({ length: 30 }, () => 'x'.repeat(1024 * 1024));
    const page = await read(parseListQuery({ cursor: '', count: 30 }), 1, large);
    expect(page.ids.length / 1024 / 1024).to.equal(16);
    expect(page.next).to.equal('16');
  });
});
