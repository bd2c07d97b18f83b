/** The SSO connections, at most one of an organization. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, QueryFilter, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { etagOf } from '../model/etag.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import { ABSENT } from './schema.js';
import type { SsoConnectionDocument } from './sign-in-schemas.js';

/** The storage of SSO connections. */
export type SsoConnectionStorage = ReturnType<typeof createSsoConnectionStorage>;

/** A connection with its version, its encrypted client secret and the epoch that its sessions record. */
export interface FoundConnection {
  connection: SsoConnection;
  version: number;
  sealedSecret: string;
  sessionEpoch: string;
}

/** The values of a connection that a call can set. */
export type ConnectionValues = Pick<
  SsoConnectionDocument,
  'issuer' | 'clientId' | 'domains' | 'required' | 'sealedSecret' | 'sessionEpoch' | 'updateTime'
>;

const foundIn = ({
  _id: organizationId,
  version,
  sealedSecret,
  sessionEpoch,
  unmoved: _unmoved,
  deleteTime: _time,
  ...values
}: SsoConnectionDocument): FoundConnection => ({
  connection: { ...values, organizationId, etag: etagOf(version) },
  version,
  sealedSecret,
  sessionEpoch,
});

/** The condition that a connection was not deleted. */
const PRESENT = { deleteTime: ABSENT };

/** Creates the storage of SSO connections. */
export function createSsoConnectionStorage(connections: Model<SsoConnectionDocument>) {
  const some = async (query: QueryFilter<SsoConnectionDocument>, limit: number, deadline: number) =>
    (await connections.find({ ...query, ...PRESENT }, null, { sort: { _id: 1 }, limit, ...leanWithin(deadline) })).map(
      foundIn,
    );
  const change = async (
    organizationId: string,
    event: Event,
    update: UpdateQuery<SsoConnectionDocument>,
    deadline: number,
  ) => {
    const query = { _id: organizationId, ...beforeEvent(event) };
    const write = connections.findOneAndUpdate(query, withEvent(event, update), updatedWithin(deadline)).exec();
    return await withDuplicateKeyError(write);
  };

  return {
    /** Returns the connection of an organization. */
    async get(organizationId: string, deadline: number): Promise<FoundConnection | undefined> {
      return (await some({ _id: organizationId }, 1, deadline))[0];
    },

    /** Returns whether any organization has a connection. */
    async hasAny(deadline: number): Promise<boolean> {
      return (await some({}, 1, deadline)).length > 0;
    },

    /**
     * Returns the version to change, and the connection unless it was deleted. Returns null if there never was one,
     * undefined if it is too early to say.
     */
    async find(organizationId: string, deadline: number) {
      const document = await findSettled(connections, { _id: organizationId }, deadline);
      if (!document) return document;
      return { version: document.version, found: document.deleteTime ? undefined : foundIn(document) };
    },

    /**
     * Stores the first connection of an organization. Throws DuplicateKeyError: "domains" or "client" if another
     * organization has these, "_id_" if this one has a connection, or had one.
     */
    async insert(organizationId: string, values: ConnectionValues, event: Event, deadline: number) {
      const document = { _id: organizationId, ...values, createTime: values.updateTime, ...created(event) };
      await withDuplicateKeyError(insertAll(connections, [document], deadline));
      return foundIn(document).connection;
    },

    /**
     * Replaces the version before the event, also one that was deleted. Returns undefined if it is no longer stored.
     * Throws as `insert`.
     */
    async replace(organizationId: string, values: ConnectionValues, createTime: Date, event: Event, deadline: number) {
      const update = { $set: { ...values, createTime }, $unset: { deleteTime: '' } };
      const document = await change(organizationId, event, update as UpdateQuery<SsoConnectionDocument>, deadline);
      return document ? foundIn(document).connection : undefined;
    },

    /**
     * Deletes the version before the event: what remains is its version, and neither domains, client nor secret. Returns
     * false if it is no longer stored.
     */
    async delete(organizationId: string, event: Event, deadline: number): Promise<boolean> {
      // Values that no connection can have, each once, for the unique indexes.
      const emptied = { issuer: '', clientId: organizationId, domains: [organizationId], sealedSecret: '' };
      const update = { $set: { ...emptied, deleteTime: event.time as Date } };
      return (await change(organizationId, event, update as UpdateQuery<SsoConnectionDocument>, deadline)) !== null;
    },

    /** Returns the connection that has this domain, if any. */
    findByDomain: (domain: string, deadline: number): Promise<FoundConnection[]> =>
      some({ domains: { $eq: domain } }, 1, deadline),

    /** Returns at most `limit` connections to this issuer. */
    findByIssuer: (issuer: string, limit: number, deadline: number): Promise<FoundConnection[]> =>
      some({ issuer: { $eq: issuer } }, limit, deadline),

    /** Returns the connection that is this client of this issuer, if any. */
    findByClient: (issuer: string, clientId: string, deadline: number): Promise<FoundConnection[]> =>
      some({ issuer: { $eq: issuer }, clientId: { $eq: clientId } }, 1, deadline),

    /** Returns those of these domains that other organizations have. */
    async domainsOfOthers(organizationId: string, domains: readonly string[], deadline: number): Promise<string[]> {
      const query = { domains: { $in: [...domains] }, _id: { $ne: organizationId } };
      const found = await some(query, domains.length, deadline);
      const taken = new Set(found.flatMap(({ connection }) => connection.domains));
      return domains.filter((domain) => taken.has(domain));
    },

    /** Returns at most `limit` connections in the order of their organizations' ids, after the id `after`. */
    list: (after: string, limit: number, deadline: number): Promise<FoundConnection[]> =>
      some({ _id: { $gt: after } }, limit, deadline),

    /** Stores the client secret encrypted with another key. Returns false if this version is no longer stored. */
    async reseal(organizationId: string, version: number, sealedSecret: string, deadline: number): Promise<boolean> {
      const query = { _id: organizationId, version };
      const write = connections.updateOne(query, { $set: { sealedSecret } }, validatedWithin(deadline));
      return (await write).matchedCount === 1;
    },

    /** Deletes the connection of a deleted organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await connections.deleteOne({ _id: organizationId }, within(deadline));
    },
  };
}
