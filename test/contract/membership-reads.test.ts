/** CheckMembership and the memberships of one user, over gRPC. */
import { expect } from 'chai';
import { groupNamed, organizationOf } from '../harness/groups.js';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('reads of memberships for other services', () => {
  let edge: UserstoreClient;
  let reader: UserstoreClient;
  let organizationId: string;
  let one: ReturnType<typeof organizationOf>;
  let other: ReturnType<typeof organizationOf>;
  before(async () => {
    const pair = await sharedPair();
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
    organizationId = (await createTenant(pair)).organizationId;
    one = organizationOf(edge, organizationId);
    other = organizationOf(edge, (await createTenant(pair)).organizationId);
  });
  after(() => {
    for (const client of [edge, reader]) client.close();
  });

  describe('CheckMembership', () => {
    const check = async (groupId: string, userId: string) =>
      (await reader.checkMembership({ organizationId, groupId, userId })).isMember;

    it('tells members from other users, from the moment that a change is acknowledged', async () => {
      const [ana = '', bob = ''] = await one.users(2);
      const { id } = await one.group([ana]);
      expect([await check(id, ana), await check(id, bob)]).to.deep.equal([true, false]);
      await one.patch(id, { operation: { $case: 'replaceMembers', value: { userIds: [bob] } } });
      expect([await check(id, ana), await check(id, bob)]).to.deep.equal([false, true]);
    });

    it('is NOT_FOUND for a deleted group or user, and for those of another organization', async () => {
      const [ana = '', bob = ''] = await one.users(2);
      const [{ id }, gone] = [await one.group([ana, bob]), await one.group([ana])];
      await one.deleteGroup(gone.id);
      await one.deleteUser(bob);
      const noGroup = { code: 'NOT_FOUND', reason: 'GROUP_NOT_FOUND' };
      const noUser = { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };
      expect(await failureIn(check(gone.id, ana))).to.deep.equal(noGroup);
      expect(await failureIn(check(id, bob))).to.deep.equal(noUser);
      const theirs = await other.user();
      expect(await failureIn(check((await other.group([theirs])).id, ana))).to.deep.equal(noGroup);
      expect(await failureIn(check(id, theirs))).to.deep.equal(noUser);
    });
  });

  describe('ListMemberships of a user', () => {
    it('lists the groups of the user by their ids, with names, page by page', async () => {
      const [ana = '', bob = ''] = await one.users(2);
      const groups = [];
      for (let index = 0; index < 5; index++) groups.push(await one.group(index === 2 ? [bob] : [ana, bob]));
      const hers = groups.toSpliced(2, 1);
      const seen = [];
      let pageToken: string | undefined;
      do {
        const page = await reader.listMemberships({
          organizationId,
          groupIds: [],
          userId: ana,
          pageSize: 2,
          pageToken,
        });
        seen.push(...page.memberships);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      const display = (await reader.getUser({ organizationId, userId: ana })).user?.userName;
      expect(seen).to.deep.equal(
        hers.map(({ id, displayName }) => ({ groupId: id, userId: ana, display, groupDisplayName: displayName })),
      );
    });

    it('leaves out deleted groups, and says nothing of the name of groups in lists by group', async () => {
      const ana = await one.user();
      const [kept, gone] = [await one.group([ana], groupNamed('Kept')), await one.group([ana])];
      await one.deleteGroup(gone.id);
      const ofUser = await reader.listMemberships({ organizationId, groupIds: [], userId: ana });
      expect(ofUser.memberships.map(({ groupDisplayName }) => groupDisplayName)).to.deep.equal(['Kept']);
      const ofGroup = await reader.listMemberships({ organizationId, groupIds: [kept.id] });
      expect(ofGroup.memberships.map(({ groupDisplayName }) => groupDisplayName)).to.deep.equal([undefined]);
    });

    it('is USER_NOT_FOUND for a deleted user and one of another organization', async () => {
      const ana = await one.user();
      await one.deleteUser(ana);
      for (const userId of [ana, await other.user(), '']) {
        const failure = await failureIn(reader.listMemberships({ organizationId, groupIds: [], userId }));
        expect(failure).to.deep.equal({ code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' });
      }
    });

    it('refuses groups and a user together, and the page token of another list', async () => {
      const [ana, bob] = (await one.users(2)) as [string, string];
      const { id } = await one.group([ana, bob]);
      await one.group([ana]);
      const both = reader.listMemberships({ organizationId, groupIds: [id], userId: ana });
      expect(await failureIn(both)).to.include({ reason: 'FIELD_INVALID', field: 'user_id' });
      const list = (userId: string | undefined, pageToken?: string) =>
        reader.listMemberships({ organizationId, groupIds: userId ? [] : [id], userId, pageSize: 1, pageToken });
      const { nextPageToken: ofAna } = await list(ana);
      const { nextPageToken: ofGroup } = await list(undefined);
      for (const [userId, token] of [
        [bob, ofAna],
        [ana, ofGroup],
        [undefined, ofAna],
      ]) {
        expect(await failureIn(list(userId, token))).to.include({ reason: 'PAGE_TOKEN_INVALID' });
      }
    });
  });
});
