/**
 * The sweep of the memberships that deleted users and groups leave behind. Readers do not see these memberships, so a
 * sweep may take its time, be interrupted, and be repeated. `deadline` is in epoch milliseconds.
 */
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { Collections } from './collections.js';
import { within } from './connect.js';
import type { OutboxEntry, StoredDocument } from './directory-schemas.js';
import { TOMBSTONE_ORGANIZATION } from './documents.js';
import { nextVersion, withOutboxChange } from './group-documents.js';

/** Deletes the memberships of the user or group of a tombstone. */
export type Sweep = (tombstone: StoredDocument, deadline: number) => Promise<void>;

type Directory = Pick<Collections, 'memberships' | 'groups'>;

/** The number of a user's groups that one write changes. */
const BATCH = 200;

/** Creates the sweeps of deleted users and of deleted groups. */
export function createSweeps(directory: Directory): { users: Sweep; groups: Sweep } {
  return {
    users: (tombstone, deadline) => sweepUser(directory, tombstone, deadline),

    async groups({ _id: groupId, removedFrom: organizationId = '' }, deadline) {
      const { memberships } = directory;
      await memberships.deleteMany({ organizationId, groupId }, { hint: 'member', ...within(deadline) });
    },
  };
}

/** Makes each group that the user was a member of a new version, with a change that names the user, then deletes. */
async function sweepUser(
  { memberships, groups }: Directory,
  { _id: userId, removedFrom: organizationId = '', unmoved = [] }: StoredDocument,
  deadline: number,
): Promise<void> {
  const change = leaving(userId, unmoved.at(-1));
  const options = { projection: { _id: 0, groupId: 1 }, hint: 'ofUser', limit: BATCH } as const;
  for (;;) {
    const found = await memberships.find({ organizationId, userId }, { ...options, ...within(deadline) }).toArray();
    if (found.length === 0) return;
    const groupIds = found.map(({ groupId }) => groupId);
    const steps = [nextVersion(change.time as Date), withOutboxChange(change)];
    const update = { ignoreUndefined: true, ...within(deadline) };
    await groups.updateMany({ organizationId, _id: { $in: groupIds } }, steps, update);
    // A reserved group is not published with a member that it has lost: `publish` finds another version.
    const reserved = { organizationId: TOMBSTONE_ORGANIZATION, removedFrom: organizationId, _id: { $in: groupIds } };
    await groups.updateMany({ ...reserved, 'begun.id': { $in: groupIds } }, { $inc: { version: 1 } }, within(deadline));
    await memberships.deleteMany({ organizationId, userId, groupId: { $in: groupIds } }, within(deadline));
  }
}

/** Returns the change of a group that a deleted user has left; the update sets its group and version. */
function leaving(userId: string, deletion: Change | undefined): OutboxEntry {
  const attributes = [{ name: 'members', before: JSON.stringify([userId]), after: undefined }];
  const { time = new Date(), actor } = deletion ?? {};
  return { userId: '', version: 0, kind: Change_Kind.KIND_UPDATE, time, actor, attributes, removed: [userId] };
}
