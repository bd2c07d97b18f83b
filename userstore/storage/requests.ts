/**
 * The requests collection: what callers may repeat for a day. Its documents are claims; whether a request took effect
 * decides the mark in what it changes. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model } from 'mongoose';
import { within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import type { RequestDocument } from './request-schema.js';
import { ABSENT } from './schema.js';

/** The storage of requests. */
export type RequestStorage = ReturnType<typeof createRequestStorage>;

/** Creates the storage of requests; MongoDB deletes each when it expires. */
export function createRequestStorage(requests: Model<RequestDocument>) {
  return {
    /** Stores a request, or returns the one that is stored. Undefined if that one expires at this moment. */
    async claim(request: RequestDocument, deadline: number): Promise<RequestDocument | undefined> {
      try {
        await withDuplicateKeyError(insertAll(requests, [request], deadline));
        return request;
      } catch (error) {
        if (!(error instanceof DuplicateKeyError)) throw error;
        const { organizationId, _id } = request;
        return (await requests.findOne({ organizationId, _id }, null, leanWithin(deadline))) ?? undefined;
      }
    },

    /** Gives a request that has not taken effect another mark. Returns undefined if another call did first. */
    async renew(
      { organizationId, _id, mark }: RequestDocument,
      next: Pick<RequestDocument, 'mark' | 'time'>,
      deadline: number,
    ): Promise<RequestDocument | undefined> {
      const query = { organizationId, _id, mark, doneTime: ABSENT };
      return (await requests.findOneAndUpdate(query, { $set: next }, updatedWithin(deadline))) ?? undefined;
    },

    /** Notes that a request took effect. */
    async finish({ organizationId, _id, mark }: RequestDocument, doneTime: Date, deadline: number): Promise<void> {
      await requests.updateOne({ organizationId, _id, mark }, { $set: { doneTime } }, validatedWithin(deadline));
    },

    /** Deletes all requests of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await requests.deleteMany({ organizationId }, within(deadline));
    },
  };
}
