/** The activities collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, mongo } from 'mongoose';
import { Activity, type ListActivitiesRequest } from '../../proto/gen/userstore/v1/activity_service.js';
import { fold } from '../model/fields.js';
import { within, writeAll } from './connect.js';
import { ignoreDuplicates } from './database-errors.js';
import type { ActivityDocument } from './models.js';
import { firstIdOf } from './totals.js';

/** What activities are stored in. */
export type ActivityStorage = ReturnType<typeof createActivityStorage>;

const DAY_MS = 86_400_000;
/** A request has its id this much before its time at most, in milliseconds. */
const ID_SLACK_MS = 1000;

/** The operations on an activities collection; the database removes each activity after `days`. */
export function createActivityStorage(model: Model<ActivityDocument>, days: number) {
  const collection = model.collection as unknown as mongo.Collection<ActivityDocument>;

  const toDocument = ({ id: _id, change: _, ...values }: Activity): ActivityDocument => {
    const time = values.time as Date;
    const { userName } = values;
    const key = userName === undefined ? {} : { userNameKey: fold(userName) };
    return { ...values, ...key, _id, time, expireTime: new Date(time.getTime() + days * DAY_MS) };
  };

  return {
    /** Stores activities, those that are stored already aside. */
    async insert(activities: readonly Activity[], deadline: number): Promise<void> {
      const inserts = activities.map((activity) => ({ insertOne: { document: toDocument(activity) } }));
      await ignoreDuplicates(writeAll(collection, inserts, deadline));
    },

    /** At most `limit` activities, newest first, from the one before the id `before`; "" is the newest. */
    async list(asked: ListActivitiesRequest, before: string, limit: number, deadline: number): Promise<Activity[]> {
      const found = collection.find(toQuery(asked, before), { sort: { _id: -1 }, limit, ...within(deadline) });
      return (await found.toArray()).map(({ _id: id, expireTime, userNameKey, ...values }) =>
        Activity.fromPartial({ ...values, id }),
      );
    },

    /** Removes all activities of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await collection.deleteMany({ organizationId }, within(deadline));
    },
  };
}

function toQuery(asked: ListActivitiesRequest, before: string): mongo.Filter<ActivityDocument> {
  const { organizationId, since, until, userId, userName, groupId, requestId, apiTokenId, method, status } = asked;
  const time = { ...(since ? { $gte: since } : {}), ...(until ? { $lt: until } : {}) };
  // An operation of a bulk request has its id, and more behind it.
  const ofRequest = requestId === undefined ? {} : { $gte: requestId, $lte: `${requestId}.9999` };
  // Ids are ordered by time, so that the index by which the newest come first finds where to end, too.
  const sinceThen = since && requestId === undefined ? { $gte: firstIdOf(since.getTime() - ID_SLACK_MS) } : {};
  const id = { ...sinceThen, ...ofRequest, ...(before === '' ? {} : { $lt: before }) };
  const about = [
    ...(userId === undefined ? [] : [{ userId: { $eq: userId } }]),
    ...(userName === undefined ? [] : [{ userNameKey: { $eq: fold(userName) } }]),
  ];
  return {
    organizationId,
    ...(Object.keys(id).length > 0 ? { _id: id } : {}),
    ...(Object.keys(time).length > 0 ? { time } : {}),
    ...(about.length === 0 ? {} : { $or: about }),
    ...(groupId === undefined ? {} : { groupId: { $eq: groupId } }),
    ...(apiTokenId === undefined ? {} : { apiTokenId: { $eq: apiTokenId } }),
    ...(method === undefined ? {} : { method: { $eq: method } }),
    ...(status === undefined ? {} : { status: status < 10 ? classOf(status) : { $eq: status } }),
  };
}

const classOf = (digit: number) => ({ $gte: digit * 100, $lt: (digit + 1) * 100 });
