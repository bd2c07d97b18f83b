/** The bodies collection: bodies of requests and answers. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import { type ActivityBody, KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { within } from './connect.js';
import type { BodyDocument } from './history-schemas.js';
import { insertNew, leanWithin } from './model-calls.js';

/** The storage of bodies. */
export type BodyStorage = ReturnType<typeof createBodyStorage>;

const DAY_MS = 86_400_000;
/** Days after which a body is deleted. */
const BODY_DAYS = 7;
/** The bodies of one command, of 32 KiB at most. */
const BATCH = 20;

/** Creates the storage of bodies; MongoDB deletes each after BODY_DAYS, or after `activityDays` if they are fewer. */
export function createBodyStorage(bodies: Model<BodyDocument>, activityDays: number) {
  const keptMs = Math.min(BODY_DAYS, activityDays) * DAY_MS;
  return {
    /** Stores bodies; ignores those that are stored already. */
    async insert(given: readonly ActivityBody[], deadline: number): Promise<void> {
      const documents = given.map((body) => toDocument(body, keptMs));
      await insertNew(bodies, documents, BATCH, deadline);
    },

    /** Counts the bodies of an organization since a time, up to `most`. */
    count: (organizationId: string, since: Date, most: number, deadline: number): Promise<number> =>
      bodies.countDocuments({ organizationId, time: { $gte: since } }, { limit: most, ...within(deadline) }).exec(),

    /** Returns the bodies of a request. */
    async get(organizationId: string, activityId: string, deadline: number): Promise<ActivityBody | undefined> {
      const query = { _id: { $eq: activityId }, organizationId };
      const document = await bodies.findOne(query, null, leanWithin(deadline));
      if (!document) return undefined;
      const { _id, time, request, response } = document;
      return { organizationId, activityId: _id, time, request: toBody(request), response: toBody(response) };
    },

    /** Deletes all bodies of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await bodies.deleteMany({ organizationId }, within(deadline));
    },
  };
}

function toDocument({ activityId: _id, organizationId, request, response, ...given }: ActivityBody, keptMs: number) {
  const time = given.time as Date;
  const expireTime = new Date(time.getTime() + keptMs);
  const bodies = { ...(request ? { request } : {}), ...(response ? { response } : {}) };
  return { _id, organizationId, time, expireTime, ...bodies } as BodyDocument;
}

const toBody = (body: KeptBody | undefined) => (body ? KeptBody.fromPartial(body) : undefined);
