/**
 * A PATCH body for a group → the contract's operations, in Okta's and Entra's forms: with and without path, with an
 * echoed id, members as objects or text, chosen by a filter or listed.
 */
import { Group } from '../../proto/gen/userstore/v1/group.js';
import type { GroupOperation } from '../../proto/gen/userstore/v1/group_service.js';
import { type Attribute, contractNameOf, fieldOf } from './attributes.js';
import { isObject, type JsonObject } from './json.js';
import { checkCount, chosenIds, memberIdSteps, memberTypeSteps } from './members.js';
import { parsePath, type Target } from './patch-path.js';
import { parsePatchRequest, type RequestedOperation } from './patch-request.js';
import { GROUP, MEMBERS } from './resource-types.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, ignoreUnknown, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkAddedType, checkType } from './strict.js';
import { isUnset, parseValue } from './value.js';

/** A thousand members one by one, and the name and id that clients send with them. */
const MAX_GROUP_OPERATIONS = 1100;

/** The most members in one operation that the edge sends: userstore decodes each operation at once. */
const MAX_OPERATION_MEMBERS = 1000;

type Op = RequestedOperation['op'];
type Change = NonNullable<GroupOperation['operation']>;
type MemberChange = Exclude<Change, { $case: 'setFields' }>;

/**
 * Parses the PATCH of the group with this id in steps. Returns no operation if the body only echoes the id or lists no
 * member. Throws invalidSyntax, invalidPath, invalidFilter, invalidValue, mutability, noTarget.
 */
export function* groupPatchSteps(
  body: JsonObject,
  groupId: string,
  settings = DEFAULT_SETTINGS,
): Steps<GroupOperation[]> {
  const merged: Change[] = [];
  for (const { op, path, value } of parsePatchRequest(body, settings, MAX_GROUP_OPERATIONS)) {
    const found =
      path === undefined
        ? yield* objectChanges(op, value, groupId, settings)
        : yield* namedChanges(op, path, value, groupId, settings);
    // A body of unknown attributes changes nothing: it must not look like a success.
    if (!found) throw badRequest('invalidPath', 'None of the attributes in "value" is one that a group has.');
    for (const change of found) merge(merged, change);
    yield;
  }
  checkCount(merged.reduce((sum, change) => sum + idsIn(change).length, 0));
  return merged.flatMap(inParts).map((operation) => ({ operation }));
}

/** Returns the changes of an operation with a path. Throws invalidPath if a group has no such attribute. */
function* namedChanges(
  op: Op,
  path: string,
  value: unknown,
  groupId: string,
  settings: Settings,
): Steps<Change[] | undefined> {
  const target = parsePath(path, [], GROUP);
  const changes = yield* targetChanges(op, target, value, groupId, settings);
  if (target.kind !== 'unknown') return changes;
  throw badRequest('invalidPath', `A group has no attribute "${target.path}".`);
}

/** Returns the changes for each attribute of an object; undefined if all are unknown. */
function* objectChanges(op: Op, value: JsonObject, groupId: string, settings: Settings): Steps<Change[] | undefined> {
  const seen = new Set<string>();
  const entries = Object.entries(value);
  let changes: Change[] | undefined = entries.length > 0 ? undefined : [];
  for (const [name, inner] of entries) {
    const target = parsePath(name, [], GROUP);
    const what = target.kind === 'attribute' ? target.contract : name.toLowerCase();
    if (seen.has(what)) throw badRequest('invalidSyntax', `"${name}" is given more than once.`);
    seen.add(what);
    // A client that writes whole objects sends absent lists as null: beside other attributes it says nothing.
    const isSilent =
      target.kind === 'attribute' && target.attribute === MEMBERS && inner === null && entries.length > 1;
    // Ignores read-only attributes, echoed or changed (RFC 7644 section 3.5.2.3).
    const isIgnored = isSilent || target.kind === 'readOnly';
    const found = isIgnored ? [] : yield* targetChanges(op, target, inner, groupId, settings);
    if (found) changes = [...(changes ?? []), ...found];
  }
  return changes;
}

/** Returns the changes of an operation on one target; undefined if the target is unknown. */
function* targetChanges(
  op: Op,
  target: Target,
  value: unknown,
  groupId: string,
  settings: Settings,
): Steps<Change[] | undefined> {
  switch (target.kind) {
    case 'readOnly':
      // Okta sends the id of the group as well.
      if (target.path.toLowerCase() === 'id' && op !== 'remove' && isId(value, groupId)) return [];
      throw badRequest('mutability', `"${target.path}" cannot be changed by clients.`);
    case 'core':
      if (!isObject(value)) throw badRequest('invalidValue', `"${GROUP.schema}" must be an object.`);
      return yield* objectChanges(op, value, groupId, settings);
    case 'elements':
      if (op !== 'remove' || !target.filter || target.sub) {
        throw badRequest('mutability', `"${target.path}": members are added and removed, not changed.`);
      }
      return removal(chosenIds(target.filter));
    case 'attribute':
      if (value === undefined && op !== 'remove') {
        throw badRequest('invalidValue', `The operation on "${target.path}" has no "value".`);
      }
      if (op !== 'remove' && target.attribute === MEMBERS && Array.isArray(value)) {
        yield* memberTypeSteps(value, target.path, settings);
      } else if (op === 'add') checkAddedType(target.attribute, value, target.path, settings);
      else if (op === 'replace') checkType(target.attribute, value, target.path, settings);
      if (target.attribute === MEMBERS) return yield* memberChanges(op, value, settings);
      return [fieldChange(op, target, value)];
    case 'unknown':
      ignoreUnknown(target.path, settings);
      return undefined;
    default:
      return undefined;
  }
}

const isId = (value: unknown, id: string): boolean =>
  typeof value === 'string' && value.toLowerCase() === id.toLowerCase();

function* memberChanges(op: Op, value: unknown, settings: Settings): Steps<Change[]> {
  if (op === 'replace') return [members('replaceMembers', yield* memberIdSteps(value, settings))];
  // A remove with an empty list removes no member; a remove without a value removes all (RFC 7644 section 3.5.2.2).
  // Null is the same as no value (RFC 7643 section 2.5), but a "" or a list of nulls chooses no member.
  if (op === 'remove' && (value === undefined || value === null)) return removal('all');
  const ids = yield* memberIdSteps(value, settings);
  if (op === 'remove' && ids.length === 0 && !(Array.isArray(value) && value.length === 0)) {
    throw badRequest('invalidValue', 'The "value" to remove from "members" names no member.');
  }
  if (op === 'remove') return removal(ids);
  return ids.length > 0 ? [members('addMembers', ids)] : [];
}

function removal(ids: string[] | 'all'): Change[] {
  if (ids === 'all') return [members('replaceMembers', [])];
  return ids.length > 0 ? [members('removeMembers', ids)] : [];
}

const members = ($case: MemberChange['$case'], userIds: string[]): MemberChange => ({ $case, value: { userIds } });

function fieldChange(op: Op, { attribute, path }: { attribute: Attribute; path: string }, value: unknown): Change {
  const removes = op === 'remove' || isUnset(value);
  if (removes && attribute.required) throw badRequest('mutability', `"${path}" is required and cannot be removed.`);
  const values = removes ? {} : { [fieldOf(attribute)]: parseValue(attribute, value, path) };
  return {
    $case: 'setFields',
    value: { group: Group.fromPartial(values as Partial<Group>), updateMask: [contractNameOf(attribute)] },
  };
}

const idsIn = (change: Change): readonly string[] => (change.$case === 'setFields' ? [] : change.value.userIds);

/** Adds a change, to the last one if both are of the same kind: Okta removes each member by a separate operation. */
function merge(changes: Change[], change: Change): void {
  const last = changes.at(-1);
  if (change.$case !== 'setFields' && change.$case !== 'replaceMembers' && last?.$case === change.$case) {
    for (const id of change.value.userIds) last.value.userIds.push(id);
  } else changes.push(change);
}

/** Cuts a list of many members: userstore decodes each operation at once. */
function inParts(change: Change): Change[] {
  if (change.$case === 'setFields' || change.value.userIds.length <= MAX_OPERATION_MEMBERS) return [change];
  const { $case, value } = change;
  const parts: Change[] = [];
  for (let start = 0; start < value.userIds.length; start += MAX_OPERATION_MEMBERS) {
    const userIds = value.userIds.slice(start, start + MAX_OPERATION_MEMBERS);
    // The first part replaces all members; the others add to it.
    parts.push(members(start > 0 && $case === 'replaceMembers' ? 'addMembers' : $case, userIds));
  }
  return parts;
}
