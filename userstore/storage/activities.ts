/** The activities collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import { Activity, type ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { fold } from '../model/fields.js';
import { within } from './connect.js';
import { patternOf } from './filter-query.js';
import type { ActivityDocument } from './history-schemas.js';
import { insertNew, leanWithin } from './model-calls.js';
import { idAfter, SLICE } from './slices.js';
import { firstIdOf } from './totals.js';

/** The storage of activities. */
export type ActivityStorage = ReturnType<typeof createActivityStorage>;

const DAY_MS = 86_400_000;
/** The longest time from making a request's id to the request's time. */
const ID_SLACK_MS = 1000;
/** The activities of one command: a few milliseconds of the event loop. */
const BATCH = 100;

/** Creates the storage of activities; MongoDB deletes each activity after `days`. A page looks at `slice` activities. */
export function createActivityStorage(activities: Model<ActivityDocument>, days: number, slice = SLICE) {
  return {
    /** Stores activities; ignores those that are stored already. */
    async insert(recorded: readonly Activity[], deadline: number): Promise<void> {
      const documents = recorded.map((activity) => toActivityDocument(activity, days));
      await insertNew(activities, documents, BATCH, deadline);
    },

    /**
     * Returns at most `limit` activities, newest first, before the id `before`; "" starts at the newest. If it has not
     * looked at all of them, `end` is the id before which the next page goes on. `held`: only these organizations of all.
     */
    async list(
      request: ListActivitiesRequest,
      before: string,
      limit: number,
      deadline: number,
      held?: readonly string[],
    ) {
      const options = { sort: { _id: -1 }, limit, ...leanWithin(deadline) } as const;
      const query = toQuery(request, before, held);
      const end = await endOf(activities, request, query, slice, deadline);
      const bounded = end === undefined ? query : { ...query, _id: { ...query._id, $gte: end } };
      const reads = readsOf(request).map(([hint, condition]) =>
        activities.find({ ...bounded, ...condition }, null, { ...options, hint }),
      );
      const found = new Map((await Promise.all(reads)).flat().map((document) => [document._id, document]));
      const newest = [...found.values()].sort((a, b) => (a._id < b._id ? 1 : -1));
      return { activities: newest.slice(0, limit).map(toActivity), end };
    },

    /** Deletes all activities of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await activities.deleteMany({ organizationId }, within(deadline));
    },
  };
}

/** Returns the document of an activity. */
export function toActivityDocument({ id: _id, change: _, ...values }: Activity, days: number): ActivityDocument {
  const time = values.time as Date;
  const { userName } = values;
  const key = userName === undefined ? {} : { userNameKey: fold(userName) };
  const expireTime = new Date(time.getTime() + days * DAY_MS);
  return { ...(values as Omit<ActivityDocument, '_id' | 'expireTime'>), ...key, _id, time, expireTime };
}

const toActivity = ({ _id: id, expireTime, userNameKey, ...values }: ActivityDocument): Activity =>
  Activity.fromPartial({ ...values, id });

/**
 * Returns the reads that a request takes, each with the index that gives its activities newest first. MongoDB would try
 * several indexes, each of which reads all activities of the organization if few match.
 */
function readsOf(request: ListActivitiesRequest): [hint: string, object][] {
  const { userId, userName, groupId, status = 0, failed, allOrganizations } = request;
  const about: [string, object][] = [
    ...(userId === undefined ? [] : [['ofUser', { userId: { $eq: userId } }] as [string, object]]),
    ...(userName === undefined ? [] : [['ofUserName', { userNameKey: { $eq: fold(userName) } }] as [string, object]]),
  ];
  // The other indexes begin with the organization.
  if (allOrganizations) return [['_id_', about.length > 0 ? { $or: about.map(([, condition]) => condition) } : {}]];
  if (about.length > 0) return about;
  if (groupId !== undefined) return [['ofGroup', {}]];
  const isFailure = failed || status >= 400 || (status >= 4 && status < 10);
  return [[isFailure ? 'failed' : 'order', {}]];
}

/** Returns the id of the last activity that a page looks at; undefined if it looks at all, or stops by itself. */
async function endOf(
  activities: Model<ActivityDocument>,
  request: ListActivitiesRequest,
  { _id }: ReturnType<typeof toQuery>,
  slice: number,
  deadline: number,
): Promise<string | undefined> {
  const [hint = ''] = readsOf(request)[0] ?? [];
  const { organizationId, pathPart, method, apiTokenId, withoutReads, status, allOrganizations } = request;
  const isWalk = pathPart !== undefined || method !== undefined || apiTokenId !== undefined || withoutReads || status;
  if (!allOrganizations && (!isWalk || (hint !== 'order' && hint !== 'failed'))) return undefined;
  const failed = hint === 'failed' ? { status: { $gte: 400 } } : {};
  const condition = { ...(allOrganizations ? {} : { organizationId }), ...(_id ? { _id } : {}), ...failed };
  return await idAfter(activities.collection, { hint, condition, direction: -1 }, slice - 1, deadline);
}

function toQuery(request: ListActivitiesRequest, before: string, held?: readonly string[]) {
  const { organizationId, since, until, groupId, requestId, apiTokenId, method, status } = request;
  const { failed = false, withoutReads = false, pathPart, allOrganizations = false } = request;
  const time = { ...(since ? { $gte: since } : {}), ...(until ? { $lt: until } : {}) };
  // The id of an operation of a bulk request begins with that of the request.
  const ofRequest = requestId === undefined ? {} : { $gte: requestId, $lte: `${requestId}.9999` };
  // Ids are ordered by time, so bounds on them are those of the walk along the index that gives the newest first.
  const sinceThen = since && requestId === undefined ? { $gte: firstIdOf(since.getTime() - ID_SLACK_MS) } : {};
  const end = until ? firstIdOf(until.getTime() + ID_SLACK_MS) : '';
  const below = before === '' || (end !== '' && end < before) ? end : before;
  const id: Record<string, string> = { ...sinceThen, ...ofRequest, ...(below === '' ? {} : { $lt: below }) };
  return {
    ...(allOrganizations ? heldIn(held) : { organizationId }),
    ...(Object.keys(id).length > 0 ? { _id: id } : {}),
    ...(Object.keys(time).length > 0 ? { time } : {}),
    ...(groupId === undefined ? {} : { groupId: { $eq: groupId } }),
    ...(apiTokenId === undefined ? {} : { apiTokenId: { $eq: apiTokenId } }),
    // The conditions on one field stand in a list, so that none replaces another.
    $and: [
      method === undefined ? {} : { method: { $eq: method } },
      withoutReads ? { method: { $ne: 'GET' } } : {},
      status === undefined ? {} : { status: status < 10 ? classOf(status) : { $eq: status } },
      failed ? { status: { $gte: 400 } } : {},
      pathPart === undefined ? {} : { path: { $regex: patternOf(pathPart) } },
    ],
  };
}

const heldIn = (held: readonly string[] | undefined) => (held ? { organizationId: { $in: [...held] } } : {});

/** The condition on a status of a class: 4 means 400 to 499. */
const classOf = (digit: number) => ({ $gte: digit * 100, $lt: (digit + 1) * 100 });
