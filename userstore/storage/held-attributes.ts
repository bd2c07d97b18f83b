/**
 * The attributes of extensions that users of an organization have or had, in the document of the organization. A write
 * of a user adds those that are new; they stay until the organization is deleted.
 */
import { LRUCache } from 'lru-cache';
import type { Model, mongo } from 'mongoose';
import type { HeldAttribute } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { ExtensionAttribute } from '../../proto/gen/userstore/v1/user.js';
import { describeHeld, heldKey, MAX_HELD } from '../model/held-attributes.js';
import { writeAll } from './connect.js';
import { leanWithin } from './model-calls.js';
import type { OrganizationDocument } from './organization-schemas.js';

/** Notes the attributes of a stored user. Never fails: what could not be noted is noted by a later write. */
export type NoteHeld = (
  organizationId: string,
  attributes: readonly ExtensionAttribute[],
  deadline: number,
) => Promise<void>;

const MAX_ORGANIZATIONS = 10_000;

/** Creates the function that notes attributes; it remembers what is noted, so that most writes of users cost nothing. */
export function createNoteHeld(organizations: Model<OrganizationDocument>): NoteHeld {
  const known = new LRUCache<string, ReadonlySet<string>>({ max: MAX_ORGANIZATIONS });

  return async (organizationId, attributes, deadline) => {
    if (attributes.length === 0) return;
    try {
      const noted = known.get(organizationId) ?? (await keysOf(organizations, organizationId, deadline));
      known.set(organizationId, noted);
      if (noted.size >= MAX_HELD) return;
      const missing = attributes.flatMap(describeHeld).filter((held) => !noted.has(heldKey(held)));
      if (missing.length === 0) return;
      await add(organizations, organizationId, missing, deadline);
      known.set(organizationId, await keysOf(organizations, organizationId, deadline));
    } catch {
      // The user is stored, and discovery may follow later.
    }
  };
}

async function add(
  organizations: Model<OrganizationDocument>,
  organizationId: string,
  missing: readonly HeldAttribute[],
  deadline: number,
): Promise<void> {
  const writes = missing.slice(0, MAX_HELD).map((held) => {
    const key = heldKey(held);
    // The condition bounds the list, also when several writes add to it at once.
    const filter = {
      _id: organizationId,
      'heldAttributes.key': { $ne: key },
      [`heldAttributes.${MAX_HELD - 1}`]: { $exists: false },
    };
    return { updateOne: { filter, update: { $push: { heldAttributes: { key, ...held } } } } };
  });
  await writeAll(organizations.collection as unknown as mongo.Collection<OrganizationDocument>, writes, deadline);
}

/** Returns the keys of what is noted. */
async function keysOf(
  organizations: Model<OrganizationDocument>,
  organizationId: string,
  deadline: number,
): Promise<ReadonlySet<string>> {
  const found = await organizations.findById(organizationId, { heldAttributes: 1 }, leanWithin(deadline));
  return new Set(found?.heldAttributes?.map(({ key }) => key));
}
