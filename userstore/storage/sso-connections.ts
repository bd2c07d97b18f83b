/** The SSO connections collection: one of an organization at most. `deadline` (epoch milliseconds) bounds every call. */
import type { Model, mongo } from 'mongoose';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { within } from './connect.js';
import { withDuplicateKeyError } from './database-errors.js';
import { etagOf } from './documents.js';
import type { SsoConnectionDocument } from './sign-in-models.js';

/** What SSO connections are stored in. */
export type SsoConnectionStorage = ReturnType<typeof createSsoConnectionStorage>;

/** A connection, its version, its secret, encrypted, and what sessions note of it. */
export interface FoundConnection {
  connection: SsoConnection;
  version: number;
  sealedSecret: string;
  sessionEpoch: string;
}

/** What is set of a connection. */
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

/** The operations on an SSO connections collection. */
export function createSsoConnectionStorage(model: Model<SsoConnectionDocument>) {
  const collection = model.collection as unknown as mongo.Collection<SsoConnectionDocument>;

  const some = async (query: mongo.Filter<SsoConnectionDocument>, limit: number, deadline: number) => {
    const found = collection.find(query, { sort: { _id: 1 }, limit, ...within(deadline) });
    return (await found.toArray()).map(foundIn);
  };

  return {
    /** The connection of an organization. */
    async get(organizationId: string, deadline: number): Promise<FoundConnection | undefined> {
      return (await some({ _id: organizationId }, 1, deadline))[0];
    },

    /** Stores the first connection of an organization. Throws Taken("domains"), Taken("client"), Taken("_id_"). */
    async insert(organizationId: string, values: ConnectionValues, deadline: number): Promise<SsoConnection> {
      const document = { _id: organizationId, version: 1, ...values, createTime: values.updateTime };
      await withDuplicateKeyError(collection.insertOne(document, within(deadline)));
      return foundIn(document).connection;
    },

    /** Replaces this version. Undefined where another is stored by now, or none. Throws as `insert`. */
    async replace(organizationId: string, version: number, values: ConnectionValues, deadline: number) {
      const change = { $set: values, $inc: { version: 1 } };
      const options = { returnDocument: 'after', ...within(deadline) } as const;
      const write = collection.findOneAndUpdate({ _id: organizationId, version }, change, options);
      const document = await withDuplicateKeyError(write);
      return document ? foundIn(document).connection : undefined;
    },

    /** Removes the connection of an organization. False where there is none. */
    async delete(organizationId: string, deadline: number): Promise<boolean> {
      return (await collection.deleteOne({ _id: organizationId }, within(deadline))).deletedCount === 1;
    },

    /** The connection that has this domain. */
    findByDomain: (domain: string, deadline: number): Promise<FoundConnection[]> =>
      some({ domains: { $eq: domain } }, 1, deadline),

    /** At most `limit` connections to this issuer. */
    findByIssuer: (issuer: string, limit: number, deadline: number): Promise<FoundConnection[]> =>
      some({ issuer: { $eq: issuer } }, limit, deadline),

    /** The connection that is this client of this issuer. */
    findByClient: (issuer: string, clientId: string, deadline: number): Promise<FoundConnection[]> =>
      some({ issuer: { $eq: issuer }, clientId: { $eq: clientId } }, 1, deadline),

    /** Which of these domains other organizations have. */
    async domainsOfOthers(organizationId: string, domains: readonly string[], deadline: number): Promise<string[]> {
      const found = await some(
        { domains: { $in: [...domains] }, _id: { $ne: organizationId } },
        domains.length,
        deadline,
      );
      const taken = new Set(found.flatMap(({ connection }) => connection.domains));
      return domains.filter((domain) => taken.has(domain));
    },

    /** At most `limit` connections, in the order of their organizations, from the one after `after`. */
    list: (after: string, limit: number, deadline: number): Promise<FoundConnection[]> =>
      some({ _id: { $gt: after } }, limit, deadline),

    /** Stores the secret encrypted anew, if the connection is still this version. */
    async reseal(organizationId: string, version: number, sealedSecret: string, deadline: number): Promise<boolean> {
      const write = collection.updateOne(
        { _id: organizationId, version },
        { $set: { sealedSecret } },
        within(deadline),
      );
      return (await write).matchedCount === 1;
    },

    /** Removes the connection of an organization that is gone. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await this.delete(organizationId, deadline);
    },
  };
}
