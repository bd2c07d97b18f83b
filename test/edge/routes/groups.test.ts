/**
 * Groups as they are shown: one that is removed while its members are read is left out, not shown with some of them.
 */
import { expect } from 'chai';
import type { GroupOperations } from '../../../edge/operations/groups.js';
import { renderGroups } from '../../../edge/routes/groups.js';
import { ListText } from '../../../edge/routes/list-text.js';
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

/** The ids of the groups that are shown, and how often pages of members were asked for, where these are the pages. */
async function shown(pages: Page[], of = groups) {
  let asked = 0;
  const members = async () => pages[asked++] as Page;
  const projection = parseProjection(undefined, undefined, GROUP);
  const showing = { baseUrl: 'https://x.example', projection, isChange: false } as RenderContext;
  const resources = await renderGroups({ members } as unknown as GroupOperations)(of, showing);
  for (const resource of resources) expect(resource.members).to.be.instanceOf(ListText);
  return { ids: resources.map(({ id }) => id), asked };
}

describe('groups shown with their members', () => {
  it('are all there where none is removed', async () => {
    expect(await shown([page('a', [], 'more'), page('b', [])])).to.deep.equal({ ids: ['a', 'b'], asked: 2 });
  });

  it('are left out where they are gone by the last page', async () => {
    expect(await shown([page('a', [], 'more'), page('b', ['a'])])).to.deep.equal({ ids: ['b'], asked: 2 });
  });

  it('are left out where they were gone by a page before, and nothing more is read once all are', async () => {
    const found = await shown([page('a', ['a'], 'more')], groups.slice(0, 1));
    expect(found).to.deep.equal({ ids: [], asked: 1 });
  });
});
