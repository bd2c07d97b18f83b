/**
 * The setup links collection. A browser has nothing but the secret of its link, so the secret's digest alone finds it;
 * every other query begins with the organization. `deadline` (epoch milliseconds) bounds every call.
 */
import type { Model, UpdateQuery } from 'mongoose';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { within } from './connect.js';
import { insertAll, leanWithin, updatedWithin, validatedWithin } from './model-calls.js';
import { beforeEvent, created, findSettled, withEvent } from './records.js';
import type { SetupLinkDocument } from './setup-link-schemas.js';
import { freeExpiredSlots, insertInFreeSlot } from './slots.js';

/** The most live links of an organization. */
const SLOTS = 5;

/** The storage of setup links. */
export type SetupLinkStorage = ReturnType<typeof createSetupLinkStorage>;

/** A link with its version. */
export interface FoundLink {
  link: SetupLink;
  version: number;
}

const toLink = ({
  _id,
  digest: _,
  slot: _slot,
  version: _version,
  unmoved: _unmoved,
  deleteTime: _time,
  ...values
}: SetupLinkDocument): SetupLink => ({
  id: _id,
  revokeTime: undefined,
  openTime: undefined,
  openAddress: undefined,
  ...values,
});

/** Creates the storage of setup links. `digest` is SHA-256 in hexadecimal. */
export function createSetupLinkStorage(links: Model<SetupLinkDocument>) {
  const change = async (
    { organizationId, id: _id }: SetupLink,
    event: Event,
    update: UpdateQuery<SetupLinkDocument>,
    deadline: number,
  ): Promise<SetupLink | undefined> => {
    const query = { organizationId, _id, ...beforeEvent(event) };
    const document = await links.findOneAndUpdate(query, withEvent(event, update), updatedWithin(deadline));
    return document ? toLink(document) : undefined;
  };
  return {
    /** Stores a new link. Throws DuplicateKeyError("slot") if all slots of the organization are in use. */
    async insert(link: SetupLink, digest: string, event: Event, deadline: number): Promise<void> {
      const { id: _id, organizationId, recipient, domains, createdBy, issuedTokens } = link;
      const [createTime, expireTime] = [link.createTime as Date, link.expireTime as Date];
      const values = {
        _id,
        organizationId,
        digest,
        recipient,
        domains,
        createTime,
        createdBy,
        expireTime,
        issuedTokens,
      };
      await freeExpiredSlots(links, organizationId, createTime, deadline);
      await insertInFreeSlot(
        SLOTS,
        (slot) => ({ ...values, slot, ...created(event) }),
        (document) => insertAll(links, [document], deadline),
      );
    },

    /** Returns at most `limit` links of the organization, oldest first, after the id `after`. */
    async list(organizationId: string, after: string, limit: number, deadline: number): Promise<SetupLink[]> {
      const query = { organizationId, _id: { $gt: after } };
      return (await links.find(query, null, { sort: { _id: 1 }, limit, ...leanWithin(deadline) })).map(toLink);
    },

    /** Returns the link with this digest, live or not. */
    async findByDigest(digest: string, deadline: number): Promise<SetupLink | undefined> {
      const document = await links.findOne({ digest: { $eq: digest } }, null, leanWithin(deadline));
      return document ? toLink(document) : undefined;
    },

    /** Returns a link to change; null if there is none, undefined if it is too early to say. */
    async find(organizationId: string, id: string, deadline: number): Promise<FoundLink | null | undefined> {
      const document = await findSettled(links, { organizationId, _id: { $eq: id } }, deadline);
      return document ? { link: toLink(document), version: document.version ?? 0 } : document;
    },

    /** Records the first opening. Returns undefined if the link is not of the version before the event. */
    open: (link: SetupLink, openTime: Date, openAddress: string, event: Event, deadline: number) =>
      change(link, event, { $set: { openTime, openAddress } }, deadline),

    /** Revokes the link. Returns undefined if it is not of the version before the event. */
    revoke: (link: SetupLink, revokeTime: Date, event: Event, deadline: number) =>
      change(link, event, { $set: { revokeTime }, $unset: { slot: '' } }, deadline),

    /** Counts a token, unless the link has issued `most`. Returns the link; undefined if it has, or is revoked. */
    async countToken({ organizationId, id: _id }: SetupLink, most: number, deadline: number) {
      const query = { organizationId, _id, issuedTokens: { $lt: most }, revokeTime: { $exists: false } };
      const document = await links.findOneAndUpdate(query, { $inc: { issuedTokens: 1 } }, updatedWithin(deadline));
      return document ? toLink(document) : undefined;
    },

    /** Takes back the count of a token that was not issued. */
    async uncountToken({ organizationId, id: _id }: SetupLink, deadline: number): Promise<void> {
      await links.updateOne({ organizationId, _id }, { $inc: { issuedTokens: -1 } }, validatedWithin(deadline));
    },

    /** Deletes all links of an organization. */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      await links.deleteMany({ organizationId }, within(deadline));
    },
  };
}
