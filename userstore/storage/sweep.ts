/**
 * Removes the memberships that removed users and groups leave behind: they are invisible already, so it may take its
 * time, be interrupted, and be done again. `deadline` is in epoch milliseconds.
 */
import type { mongo } from 'mongoose';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { within } from './connect.js';
import type { StoredDocument } from './documents.js';
import { type GroupDocument, nextVersion, withOutboxChange } from './group-documents.js';
import type { MembershipDocument, Models } from './models.js';

/** What removes the memberships of the users or groups that these documents are left of. */
export type Sweep = (remains: StoredDocument, deadline: number) => Promise<void>;

/** So many groups of a user at once. */
const BATCH = 200;

/** The sweeps of a database: of removed users, and of removed groups. */
export function createSweeps(models: Pick<Models, 'memberships' | 'groups'>): { users: Sweep; groups: Sweep } {
  const memberships = models.memberships.collection as unknown as mongo.Collection<MembershipDocument>;
  const groups = models.groups.collection as unknown as mongo.Collection<GroupDocument>;

  return {
    /** Each group that the user was a member of becomes a new version, with a change that says who has gone. */
    async users({ _id: userId, removedFrom: organizationId = '', unmoved = [] }, deadline) {
      const change = leaving(userId, unmoved.at(-1));
      const options = { projection: { _id: 0, groupId: 1 }, hint: 'ofUser', limit: BATCH } as const;
      for (;;) {
        const found = await memberships.find({ organizationId, userId }, { ...options, ...within(deadline) }).toArray();
        if (found.length === 0) return;
        const groupIds = found.map(({ groupId }) => groupId);
        const steps = [nextVersion(change.time as Date), withOutboxChange(change)];
        const update = { ignoreUndefined: true, ...within(deadline) };
        await groups.updateMany({ organizationId, _id: { $in: groupIds } }, steps, update);
        await memberships.deleteMany({ organizationId, userId, groupId: { $in: groupIds } }, within(deadline));
      }
    },

    async groups({ _id: groupId, removedFrom: organizationId = '' }, deadline) {
      await memberships.deleteMany({ organizationId, groupId }, { hint: 'member', ...within(deadline) });
    },
  };
}

/** The change of a group from which a removed user has gone; its group and version are set where it is recorded. */
function leaving(userId: string, removal: Change | undefined): Change {
  const attributes = [{ name: 'members', before: JSON.stringify([userId]), after: undefined }];
  const { time = new Date(), actor } = removal ?? {};
  return { userId: '', version: 0, kind: Change_Kind.KIND_UPDATE, time, actor, attributes };
}
