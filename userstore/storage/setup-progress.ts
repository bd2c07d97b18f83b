/** The reads of the requests and sign-ins of an organization since a time. `deadline` (epoch milliseconds) bounds every call. */
import type { Collections } from './collections.js';
import { within } from './connect.js';
import { leanWithin } from './model-calls.js';
import { firstIdOf } from './totals.js';

/** The reads of the progress of a setup. */
export type SetupProgressReads = ReturnType<typeof createSetupProgress>;

/** Creates the reads. */
export function createSetupProgress({ apiTokens, users }: Pick<Collections, 'apiTokens' | 'users'>) {
  return {
    /** Returns the last use since `since` of a live token, `issuedSince` then or at any time. */
    async tokenUse(organizationId: string, since: Date, issuedSince: boolean, deadline: number) {
      const age = issuedSince ? { createTime: { $gte: since } } : {};
      const query = { organizationId, slot: { $exists: true }, lastUseTime: { $gte: since }, ...age };
      const options = { sort: { lastUseTime: -1 }, ...leanWithin(deadline) } as const;
      return (await apiTokens.findOne(query, { lastUseTime: 1 }, options))?.lastUseTime ?? undefined;
    },

    /** Returns the time at which the newest user was created, if that was since `since`. */
    async userCreation(organizationId: string, since: Date, deadline: number): Promise<Date | undefined> {
      const query = { organizationId, _id: { $gte: firstIdOf(since.getTime()) } };
      const options = { sort: { _id: -1 }, projection: { createTime: 1 }, hint: 'order', ...within(deadline) } as const;
      return (await users.findOne(query, options))?.createTime;
    },

    /** Returns whether a user is linked to an identity of this issuer. */
    async hasLink(organizationId: string, issuer: string, deadline: number): Promise<boolean> {
      const query = { organizationId, 'link.issuer': issuer, 'link.subject': { $exists: true } };
      return (await users.findOne(query, { projection: { _id: 1 }, hint: 'link', ...within(deadline) })) !== null;
    },
  };
}
