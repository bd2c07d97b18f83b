/** The organizations collection. `deadline` (epoch milliseconds) bounds every call. */
import type { Model } from 'mongoose';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { within } from './connect.js';
import { unlessTaken } from './errors.js';
import type { OrganizationDocument } from './models.js';

/** What of an organization can be changed. */
export type Settings = Pick<Organization, 'displayName' | 'strictSchemas' | 'extensionSchemas'>;
/** What organizations are stored in. */
export type OrganizationStorage = ReturnType<typeof organizationStorage>;

const toOrganization = ({ _id, ...settings }: OrganizationDocument): Organization => ({
  id: _id,
  displayName: settings.displayName,
  createTime: settings.createTime,
  strictSchemas: settings.strictSchemas ?? false,
  extensionSchemas: settings.extensionSchemas ?? [],
});

/** The operations on an organizations collection. */
export function organizationStorage(model: Model<OrganizationDocument>) {
  return {
    /** Stores a new organization. Throws Taken. */
    async insert({ id: _id, ...settings }: Organization, deadline: number): Promise<void> {
      const document = { _id, ...settings };
      await unlessTaken(model.collection.insertOne(document as never, within(deadline)));
    },

    /** The organization with this id. */
    async get(id: string, deadline: number): Promise<Organization | undefined> {
      const document = await model.findOne({ _id: id }).setOptions(within(deadline)).lean();
      return document ? toOrganization(document) : undefined;
    },

    /** Sets these settings; the organization as it is then. */
    async update(id: string, settings: Partial<Settings>, deadline: number): Promise<Organization | undefined> {
      await model.collection.updateOne({ _id: id as never }, { $set: settings }, within(deadline));
      return await this.get(id, deadline);
    },

    /** At most `limit` organizations, oldest first, from the one after `after`. */
    async list(after: { createTime: Date; id: string } | undefined, limit: number, deadline: number) {
      const query = after
        ? { $or: [{ createTime: { $gt: after.createTime } }, { createTime: after.createTime, _id: { $gt: after.id } }] }
        : {};
      const found = model.find(query).sort({ createTime: 1, _id: 1 }).limit(limit);
      return (await found.setOptions(within(deadline)).lean()).map(toOrganization);
    },
  };
}
