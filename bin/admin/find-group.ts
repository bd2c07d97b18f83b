/** Finds the group that a person names: by id, display name or external id. */
import { anyOf, equal } from '../../client/filters.js';
import type { Group } from '../../proto/gen/userstore/v1/group.js';
import { orUndefined } from './client.js';
import { PrintableError, printable } from './printer.js';
import { groupTable } from './tables.js';
import { type Userstore, UUID } from './userstore.js';

/** The most groups that an error lists. */
const MAX_LISTED = 10;

/** Returns the only group with this id, name or external id. Throws PrintableError if there is none, or several. */
export async function findGroup(userstore: Userstore, organizationId: string, text: string): Promise<Group> {
  const group = await findGroupIfAny(userstore, organizationId, text);
  if (group) return group;
  throw noSuchGroup(text);
}

/** Returns the id of the group that the text names; of a deleted group only by its id. Throws as `findGroup`. */
export async function findGroupIdOrDeleted(
  userstore: Userstore,
  organizationId: string,
  text: string,
): Promise<string> {
  const group = await findGroupIfAny(userstore, organizationId, text);
  if (group) return group.id;
  const id = text.toLowerCase();
  const { changes } = UUID.test(id) ? await userstore.listGroupChanges(organizationId, id, 1) : { changes: [] };
  if (changes.length > 0) return id;
  throw noSuchGroup(text);
}

async function findGroupIfAny(userstore: Userstore, organizationId: string, text: string): Promise<Group | undefined> {
  if (UUID.test(text)) {
    const byId = await orUndefined(userstore.getGroup(organizationId, text.toLowerCase()), 'GROUP_NOT_FOUND');
    if (byId) return byId;
  }
  if (text === '') return undefined;
  const filter = anyOf(equal('display_name', text), equal('external_id', text));
  const { groups, totalSize } = await userstore.listGroups(organizationId, filter, MAX_LISTED);
  if (groups.length < 2) return groups[0];
  throw new PrintableError(
    printable`${text} is the name or external id of ${totalSize} groups; give an id:\n${groupTable(groups)}`,
  );
}

const noSuchGroup = (text: string) =>
  new PrintableError(
    printable`There is no such group: ${text} is no id, name or external id of a group of the organization.`,
  );
