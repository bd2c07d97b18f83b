/** The organizations collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { KeptBodies, type Organization, type RateLimit } from '../../proto/gen/userstore/v1/organization_service.js';
import { readBounded } from '../model/bounded-read.js';
import { etagOf } from '../model/etag.js';
import { MAJORITY_READ, within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { patternOf } from './filter-query.js';
import { insertAll, leanWithin, updatedWithin } from './model-calls.js';
import type { OrganizationDocument } from './organization-schemas.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import { ABSENT } from './schema.js';

/** The settings of an organization. */
export type Settings = Pick<
  Organization,
  | 'displayName'
  | 'strictSchemas'
  | 'extensionSchemas'
  | 'suspended'
  | 'policy'
  | 'rateLimit'
  | 'keptBodies'
  | 'allBodiesUntil'
>;
/** The storage of organizations. */
export type OrganizationStorage = ReturnType<typeof createOrganizationStorage>;

/** Okta asks a service for at least 25 requests a second. */
const DEFAULT_RATE_LIMIT: RateLimit = { perSecond: 100, burst: 400 };

/** The values that decide whether an organization's users may sign in. */
export interface OrganizationAccess {
  displayName: string;
  suspended: boolean;
  /** The number of times that all sessions of the organization were ended. */
  sessionEpoch: number;
}

/** The organization of a document. Documents of an earlier version have no version and no settings. */
const toOrganization = ({
  _id: id,
  version = 0,
  deleteTime: _,
  unmoved: _unmoved,
  sessionEpoch: _epoch,
  heldAttributes = [],
  ...settings
}: OrganizationDocument): Organization => ({
  strictSchemas: false,
  suspended: false,
  ...settings,
  // A document of an earlier version lacks the fields that definitions got since.
  extensionSchemas: (settings.extensionSchemas ?? []).map((schema) => ExtensionSchema.fromPartial(schema)),
  policy: settings.policy ?? undefined,
  rateLimit: settings.rateLimit ?? DEFAULT_RATE_LIMIT,
  keptBodies: settings.keptBodies ?? KeptBodies.KEPT_BODIES_FAILURES,
  allBodiesUntil: settings.allBodiesUntil,
  id,
  etag: etagOf(version),
  heldAttributes: heldAttributes.map(({ key: _key, ...held }) => held),
});

/** The condition that the organization with this id is not deleted. */
const present = (id: string) => ({ _id: id, deleteTime: ABSENT });

/** Creates the storage of organizations. */
export function createOrganizationStorage(organizations: Model<OrganizationDocument>) {
  /** Changes the version before the event; returns the document after it. */
  const change = (id: string, event: Event, update: UpdateQuery<OrganizationDocument>, deadline: number) =>
    organizations
      .findOneAndUpdate({ ...present(id), ...beforeEvent(event) }, withEvent(event, update), updatedWithin(deadline))
      .exec();
  return {
    /** Stores a new organization as version 1. Throws DuplicateKeyError. */
    async insert(organization: Organization, event: Event, deadline: number): Promise<Organization> {
      const { id: _id, etag: _, heldAttributes: _held, createTime, ...settings } = organization;
      const document = { _id, createTime: createTime as Date, ...setIn(settings), ...created(event) };
      await withDuplicateKeyError(insertAll(organizations, [document as OrganizationDocument], deadline));
      return toOrganization(document as OrganizationDocument);
    },

    /** Returns an organization to change; null if there is none, undefined if it is too early to say. */
    async find(id: string, deadline: number): Promise<Organization | null | undefined> {
      const document = await findSettled(organizations, present(id), deadline);
      return document ? toOrganization(document) : document;
    },

    /** Returns the organization with this id. */
    async get(id: string, deadline: number): Promise<Organization | undefined> {
      const document = await organizations.findOne(present(id), null, leanWithin(deadline));
      return document ? toOrganization(document) : undefined;
    },

    /** Returns the values that decide whether the organization's users may sign in. */
    async access(id: string, deadline: number): Promise<OrganizationAccess | undefined> {
      const projection = { displayName: 1, suspended: 1, sessionEpoch: 1 };
      const document = await organizations.findOne(present(id), projection, leanWithin(deadline));
      if (!document) return undefined;
      const { displayName, suspended = false, sessionEpoch = 0 } = document;
      return { displayName, suspended, sessionEpoch };
    },

    /** Ends all sessions of the organization. Returns false if it is not of the version before the event. */
    async endSessions(id: string, event: Event, deadline: number): Promise<boolean> {
      return (await change(id, event, { $inc: { sessionEpoch: 1 } }, deadline)) !== null;
    },

    /**
     * Changes settings; a suspension ends all sessions in the same write. Returns undefined if the organization is not of
     * the version before the event.
     */
    async update(id: string, settings: Partial<Settings>, event: Event, deadline: number) {
      const update = {
        $set: setIn(settings),
        $unset: clearedIn(settings),
        ...(settings.suspended ? { $inc: { sessionEpoch: 1 } } : {}),
      };
      const document = await change(id, event, update, deadline);
      return document ? toOrganization(document) : undefined;
    },

    /**
     * Returns at most `limit` organizations, oldest first, after the position `after`; fewer if they are large: those
     * with `name` as a part of their names, and with one of `ids`, if these are given.
     */
    async list(
      after: { createTime: Date; id: string } | undefined,
      limit: number,
      deadline: number,
      { name, ids }: { name?: string | undefined; ids?: readonly string[] | undefined } = {},
    ) {
      const query = after
        ? { $or: [{ createTime: { $gt: after.createTime } }, { createTime: after.createTime, _id: { $gt: after.id } }] }
        : {};
      const options = { sort: { createTime: 1, _id: 1 }, limit: limit + 1, ...leanWithin(deadline) } as const;
      const named = name === undefined ? {} : { displayName: { $regex: patternOf(name), $options: 'i' } };
      const chosen = ids === undefined ? {} : { _id: { $in: [...ids] } };
      const found = organizations.find({ ...query, ...chosen, ...named, deleteTime: ABSENT }, null, options).cursor();
      return await readBounded(found as AsyncIterable<OrganizationDocument>, limit, toOrganization);
    },

    /**
     * Marks an organization as deleted; no other call finds it from then on. Returns false if it is not of the version
     * before the event.
     */
    async delete(id: string, event: Event, deadline: number): Promise<boolean> {
      return (await change(id, event, { $set: { deleteTime: event.time as Date } }, deadline)) !== null;
    },

    /** Returns whether the organization is marked as deleted. */
    async isDeleted(id: string, deadline: number): Promise<boolean> {
      const query = { _id: { $eq: id }, deleteTime: { $exists: true } };
      return (await organizations.findOne(query, { _id: 1 }, leanWithin(deadline))) !== null;
    },

    /** Returns the ids of at most 100 organizations that were deleted before `time`. */
    async listDeleted(time: Date, deadline: number): Promise<string[]> {
      const options = { limit: 100, ...MAJORITY_READ, ...leanWithin(deadline) };
      return (await organizations.find({ deleteTime: { $lt: time } }, { _id: 1 }, options)).map(({ _id }) => _id);
    },

    /** Deletes the document of an organization that is marked as deleted, once its deletion is in the log. */
    async purge(id: string, deadline: number): Promise<void> {
      const flushed = { _id: id, deleteTime: { $exists: true }, unmoved: { $exists: false } };
      await organizations.deleteOne(flushed, within(deadline));
    },
  };
}

/** The settings that have a value. */
const setIn = (settings: Partial<Settings>) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/** The settings that are given without a value, to be cleared. */
const clearedIn = (settings: Partial<Settings>) =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]): [string, ''][] => (value === undefined ? [[name, '']] : [])),
  );
