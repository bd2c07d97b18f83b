/** The SSO connections, at most one of an organization. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, QueryFilter } from 'mongoose';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { etagOf } from './documents.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
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
  ...values
}: SsoConnectionDocument): FoundConnection => ({
  connection: { ...values, organizationId, etag: etagOf(version) },
  version,
  sealedSecret,
  sessionEpoch,
});

/** Creates the storage of SSO connections. */
export function createSsoConnectionStorage(connections: Model<SsoConnectionDocument>) {
  const some = async (query: QueryFilter<SsoConnectionDocument>, limit: number, deadline: number) =>
    (await connections.find(query, null, { sort: { _id: 1 }, limit, ...leanWithin(deadline) })).map(foundIn);

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
     * Stores the first connection of an organization. Throws DuplicateKeyError: "domains" or "client" if another
     * organization has these, "_id_" if this one has a connection.
     */
    async insert(organizationId: string, values: ConnectionValues, deadline: number): Promise<SsoConnection> {
      const document = { _id: organizationId, version: 1, ...values, createTime: values.updateTime };
      await withDuplicateKeyError(insertAll(connections, [document], deadline));
      return foundIn(document).connection;
    },

    /** Replaces this version. Returns undefined if it is no longer stored. Throws as `insert`. */
    async replace(organizationId: string, version: number, values: ConnectionValues, deadline: number) {
      const query = { _id: organizationId, version };
      const change = { $set: values, $inc: { version: 1 } };
      const document = await withDuplicateKeyError(
        connections.findOneAndUpdate(query, change, updatedWithin(deadline)).exec(),
      );
      return document ? foundIn(document).connection : undefined;
    },

    /** Deletes the connection of an organization. Returns false if there is none. */
    async delete(organizationId: string, deadline: number): Promise<boolean> {
      return (await connections.deleteOne({ _id: organizationId }, within(deadline))).deletedCount === 1;
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
      await this.delete(organizationId, deadline);
    },
  };
}
