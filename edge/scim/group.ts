/** SCIM JSON ↔ Group: the only translation between the two. */
import { Group } from '../../proto/gen/userstore/v1/group.js';
import { attributeNamed } from './attributes.js';
import { coreEntries, schemasIn, setOnce } from './body.js';
import { checkSchemas, type JsonObject } from './json.js';
import { memberIdSteps, memberTypeSteps } from './members.js';
import { metaOf } from './meta.js';
import { CORE_GROUP, GROUP, MEMBERS } from './resource-types.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, ignoreUnknown, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkType } from './strict.js';
import { parseValue } from './value.js';

/** The group in a body; `memberIds` is undefined if the body has no `members`. */
export interface DescribedGroup {
  group: Group;
  memberIds: string[] | undefined;
}

/**
 * Parses the group in the body of a POST or PUT in steps. Ignores read-only and unknown attributes. Throws invalidSyntax,
 * invalidValue.
 */
export function* groupSteps(body: JsonObject, settings: Settings = DEFAULT_SETTINGS): Steps<DescribedGroup> {
  checkSchemas(body, CORE_GROUP);
  for (const urn of schemasIn(body)) if (!GROUP_SCHEMAS.has(urn.toLowerCase())) ignoreUnknown(urn, settings);
  const values: { displayName?: string; externalId?: string; members?: string[] } & JsonObject = {};
  for (const [name, value] of coreEntries(body, CORE_GROUP)) {
    const attribute = attributeNamed(GROUP.attributes, name);
    // Null is the same as no value (RFC 7643 section 2.5): a PUT without members leaves them alone.
    if (attribute === MEMBERS && value === null) continue;
    if (attribute === MEMBERS && Array.isArray(value)) yield* memberTypeSteps(value, attribute.name, settings);
    else if (attribute) checkType(attribute, value, attribute.name, settings);
    if (attribute === MEMBERS) setOnce(values, MEMBERS, yield* memberIdSteps(value, settings), 'members');
    else if (attribute) setOnce(values, attribute, parseValue(attribute, value, attribute.name), attribute.name);
    else if (!GROUP.readOnly.has(name.toLowerCase())) ignoreUnknown(name, settings);
  }
  const { displayName, externalId, members } = values;
  if (!displayName) throw badRequest('invalidValue', 'displayName is required.');
  return { group: Group.fromPartial({ displayName, externalId }), memberIds: members };
}

/** Entra names this schema in every new group and uses no attribute of it, so strict organizations accept its name. */
const ENTRA_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';
const GROUP_SCHEMAS: ReadonlySet<string> = new Set([CORE_GROUP, ENTRA_GROUP].map((urn) => urn.toLowerCase()));

/** Renders a group without its members, which may be many, for the organization with the base URL `baseUrl`. */
export const renderGroup = (group: Group, baseUrl: string): JsonObject => ({
  schemas: [CORE_GROUP],
  id: group.id,
  externalId: group.externalId,
  displayName: group.displayName,
  meta: metaOf(GROUP, group, baseUrl),
});
