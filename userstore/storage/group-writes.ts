/** The building blocks of writes to groups: the query for a group as it was read, and the update by steps. */
import type { mongo } from 'mongoose';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { versionOf } from '../model/etag.js';
import type { ChangeStorage } from './changes.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import type { GroupDocument } from './directory-schemas.js';
import { MAX_OUTBOX } from './documents.js';
import { type Step, toGroup } from './group-documents.js';
import { ABSENT } from './schema.js';
import type { Totals } from './totals.js';

/** The collection, its totals, and where outboxes are flushed to. */
export interface GroupContext {
  groups: mongo.Collection<GroupDocument>;
  totals: Totals;
  changes: ChangeStorage;
  /** The ids of the groups whose full outbox is being flushed. */
  flushing: Set<string>;
}

/** A group as it was read; with `etag`, that version of it only. */
export interface ReadGroup {
  group: Group;
  etag: string | undefined;
}

type GroupQuery = mongo.Filter<GroupDocument> & { organizationId: string };

/** Returns the query for a group as it was read: that version, or these fields unless `withFields` is false. */
export function queryOf({ group, etag }: ReadGroup, withFields = true): GroupQuery {
  const { organizationId, id: _id, displayName, externalId } = group;
  if (etag !== undefined) return { organizationId, _id, version: versionOf(etag) ?? -1 };
  const fields = { displayName: { $eq: displayName }, externalId: { $eq: externalId ?? ABSENT } };
  return { organizationId, _id, ...(withFields ? fields : {}) } as GroupQuery;
}

/** The projection of a group and the size of its outbox. */
const SUMMARY = {
  ...Object.fromEntries(
    ['organizationId', 'version', 'createTime', 'updateTime', 'displayName', 'externalId'].map((name) => [name, 1]),
  ),
  outboxSize: { $size: { $ifNull: ['$unmoved', []] } },
};

/** Updates the group that the query finds. Returns undefined if there is none. Throws DuplicateKeyError. */
export async function updateGroup(
  context: GroupContext,
  query: GroupQuery,
  steps: Step[],
  deadline: number,
): Promise<Group | undefined> {
  const { groups, totals } = context;
  const options = {
    returnDocument: 'after',
    projection: SUMMARY,
    ignoreUndefined: true,
    ...within(deadline),
  } as const;
  const updating = withDuplicateKeyError(groups.findOneAndUpdate(query, steps, options));
  const document = await updating.finally(() => totals.changed(query.organizationId));
  if (!document) return undefined;
  const { outboxSize, ...values } = document as GroupDocument & { outboxSize: number };
  if (outboxSize >= MAX_OUTBOX) await flushFullOutbox(context, values, deadline);
  return toGroup(values);
}

/** Flushes a full outbox; of the group's concurrent writers one does it for all. */
async function flushFullOutbox(
  { changes, flushing }: GroupContext,
  { organizationId, _id }: GroupDocument,
  deadline: number,
): Promise<void> {
  if (flushing.has(_id)) return;
  flushing.add(_id);
  await changes.flushGroupOutbox(organizationId, _id, deadline).finally(() => flushing.delete(_id));
}
