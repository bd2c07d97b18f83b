/**
 * Rendering of groups: a group that is deleted while its members are read is left out, not shown with some of them.
 */
import { expect } from 'chai';
import type { GroupOperations } from '../../../edge/operations/groups.js';
import { renderGroups } from '../../../edge/routes/groups.js';
import type { ListText } from '../../../edge/routes/list-text.js';
import type { RenderContext } from '../../../edge/routes/resources.js';
import { parseProjection } from '../../../edge/scim/projection.js';
import { GROUP } from '../../../edge/scim/resource-types.js';
import { groupNamed } from '../../harness/groups.js';

type Page = Awaited<ReturnType<GroupOperations['members']>>;

const groups = ['a', 'b'].map((id) => ({
  ...groupNamed(id),
  id,
  etag: 'W/"1"',
  createTime: new Date(),
  updateTime: new Date(),
}));
const page = (groupId: string, absentGroupIds: string[], nextPageToken?: string): Page => ({
  memberships: [{ groupId, userId: `member of ${groupId}`, display: 'Ana' }],
  absentGroupIds,
  nextPageToken,
});

/** The ids of the groups that the head of the answer shows, with their members or why they break off; and the calls. */
async function shown(pages: Page[], of = groups) {
  const asked: string[][] = [];
  const members = async (_scope: unknown, groupIds: string[]) => {
    asked.push(groupIds);
    return pages[asked.length - 1] as Page;
  };
  const projection = parseProjection(undefined, undefined, GROUP);
  const scope = { organizationId: 'acme' };
  const showing = { baseUrl: 'https://x.example', projection, isChange: false, scope } as RenderContext;
  const resources = await renderGroups({ members } as unknown as GroupOperations)(of, showing);
  const found: Record<string, string[] | string> = {};
  for (const { id, members } of resources) {
    const parts: Buffer[] = [];
    try {
      for await (const part of (members as ListText).text()) parts.push(part);
      const list = JSON.parse(Buffer.concat(parts).toString()) as { value: string }[];
      found[id as string] = list.map(({ value }) => value);
    } catch (error) {
      found[id as string] = (error as Error).message;
    }
  }
  return { found, asked };
}

describe('groups shown with their members', () => {
  it('are all there where none is removed, read page after page', async () => {
    const { found, asked } = await shown([page('a', [], 'more'), page('b', [])]);
    expect(found).to.deep.equal({ a: ['member of a'], b: ['member of b'] });
    expect(asked).to.deep.equal([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('are read in the order in which they are sent, where that is not the order of their ids', async () => {
    const { found, asked } = await shown([page('a', [], 'more'), page('b', []), page('a', [])], [...groups].reverse());
    expect(found).to.deep.equal({ b: ['member of b'], a: ['member of a'] });
    expect(asked).to.deep.equal([['b', 'a'], ['b'], ['a']]);
  });

  it('break off where one is removed after the answer has begun', async () => {
    const { found } = await shown([page('a', [], 'more'), page('b', ['a'])], groups.slice(0, 1));
    expect(found).to.deep.equal({ a: 'A group was deleted while its members were read.' });
  });

  it('are left out where they were gone by the first page, and nothing more is read once all are', async () => {
    const { found, asked } = await shown([page('a', ['a'], 'more')], groups.slice(0, 1));
    expect(found).to.deep.equal({});
    expect(asked).to.have.length(1);
  });

  it('hold one page of members at a time', async () => {
    const pages = Array.from({ length: 20 }, (_, index) => page('a', [], index < 19 ? 'more' : undefined));
    const { found, asked } = await shown(pages, groups.slice(0, 1));
    expect(found.a).to.have.length(20);
    expect(asked).to.have.length(20);
  });
});
