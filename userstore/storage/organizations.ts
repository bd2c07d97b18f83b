/** The organizations collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, mongo } from 'mongoose';
import type { Organization, RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import { MAJORITY_READ, within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { etagOf, versionOf } from './documents.js';
import type { OrganizationDocument } from './models.js';

/** What of an organization can be changed. */
export type Settings = Pick<
  Organization,
  'displayName' | 'strictSchemas' | 'extensionSchemas' | 'suspended' | 'policy' | 'rateLimit'
>;
/** What organizations are stored in. */
export type OrganizationStorage = ReturnType<typeof createOrganizationStorage>;

/** Okta asks a service for at least 25 requests a second. */
const DEFAULT_RATE_LIMIT: RateLimit = { perSecond: 100, burst: 400 };

/** What decides whether an organization's users may enter. */
export interface OrganizationAccess {
  displayName: string;
  suspended: boolean;
  /** How often all sessions of the organization have been ended. */
  sessionEpoch: number;
}

/** Organizations of an earlier version have no version, and no settings. */
const toOrganization = ({
  _id: id,
  version = 0,
  deleteTime: _,
  sessionEpoch: _epoch,
  ...settings
}: OrganizationDocument): Organization => ({
  strictSchemas: false,
  extensionSchemas: [],
  suspended: false,
  ...settings,
  policy: settings.policy ?? undefined,
  rateLimit: settings.rateLimit ?? DEFAULT_RATE_LIMIT,
  id,
  etag: etagOf(version),
});

/** The operations on an organizations collection. */
export function createOrganizationStorage(model: Model<OrganizationDocument>) {
  const collection = model.collection as unknown as mongo.Collection<OrganizationDocument>;

  return {
    /** Stores a new organization as version 1. Throws Taken. */
    async insert({ id: _id, etag: _, createTime, ...settings }: Organization, deadline: number): Promise<Organization> {
      const document = { _id, version: 1, createTime: createTime as Date, ...settings };
      await withDuplicateKeyError(collection.insertOne(document, within(deadline)));
      return toOrganization(document);
    },

    /** The organization with this id. */
    async get(id: string, deadline: number): Promise<Organization | undefined> {
      const document = await collection.findOne({ _id: id, deleteTime: null as never }, within(deadline));
      return document ? toOrganization(document) : undefined;
    },

    /** What of the organization decides whether its users may enter. */
    async standing(id: string, deadline: number): Promise<OrganizationAccess | undefined> {
      const projection = { displayName: 1, suspended: 1, sessionEpoch: 1 };
      const query = { _id: id, deleteTime: null as never };
      const document = await collection.findOne(query, { projection, ...within(deadline) });
      if (!document) return undefined;
      const { displayName, suspended = false, sessionEpoch = 0 } = document;
      return { displayName, suspended, sessionEpoch };
    },

    /** Ends all sessions of the organization that have begun before. False where there is none. */
    async endSessions(id: string, deadline: number): Promise<boolean> {
      const query = { _id: id, deleteTime: null as never };
      return (await collection.updateOne(query, { $inc: { sessionEpoch: 1 } }, within(deadline))).matchedCount === 1;
    },

    /**
     * Sets these settings, where an etag is given if it is the version; a suspension ends all sessions in the same write.
     * Undefined where there was nothing to set.
     */
    async update(
      id: string,
      settings: Partial<Settings>,
      etag: string | undefined,
      deadline: number,
    ): Promise<Organization | undefined> {
      // A missing version is version 0, and equals null.
      const version = etag === undefined ? {} : { version: versionOf(etag) || (null as never) };
      const change = { $set: settings, $inc: { version: 1, ...(settings.suspended ? { sessionEpoch: 1 } : {}) } };
      const options = { returnDocument: 'after', ...within(deadline) } as const;
      const document = await collection.findOneAndUpdate(
        { _id: id, deleteTime: null as never, ...version },
        change,
        options,
      );
      return document ? toOrganization(document) : undefined;
    },

    /** At most `limit` organizations, oldest first, from the one after `after`. */
    async list(after: { createTime: Date; id: string } | undefined, limit: number, deadline: number) {
      const query = after
        ? { $or: [{ createTime: { $gt: after.createTime } }, { createTime: after.createTime, _id: { $gt: after.id } }] }
        : {};
      const found = collection.find(
        { ...query, deleteTime: null as never },
        { sort: { createTime: 1, _id: 1 }, limit, ...within(deadline) },
      );
      return (await found.toArray()).map(toOrganization);
    },

    /** Marks an organization as gone; nothing finds it from then on. False where there is none. */
    async delete(id: string, deleteTime: Date, deadline: number): Promise<boolean> {
      const change = { $set: { deleteTime } };
      const { matchedCount } = await collection.updateOne(
        { _id: id, deleteTime: null as never },
        change,
        within(deadline),
      );
      return matchedCount === 1;
    },

    /** The ids of some organizations that are gone since before `time`. */
    async listDeleted(time: Date, deadline: number): Promise<string[]> {
      const found = collection.find(
        { deleteTime: { $lt: time } },
        { projection: { _id: 1 }, limit: 100, ...MAJORITY_READ, ...within(deadline) },
      );
      return (await found.toArray()).map(({ _id }) => _id);
    },

    /** Removes what is left of an organization that is gone. */
    async purge(id: string, deadline: number): Promise<void> {
      await collection.deleteOne({ _id: id, deleteTime: { $exists: true } }, within(deadline));
    },
  };
}
