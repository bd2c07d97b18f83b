/**
 * A PATCH body (RFC 7644 section 3.5.2) → the contract's operations, in Okta's and Entra's forms: with and without
 * path, dotted names and URNs as keys, capitals, booleans as text, null for "no value".
 */

import { User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { type Attribute, CORE_USER, contractNameOf, ENTERPRISE_USER, fieldOf } from './attributes.js';
import { withoutSchemas } from './body.js';
import { isObject, type JsonObject } from './json.js';
import { checkNamespace } from './namespace.js';
import { isExtensionUrn } from './notation.js';
import { extensionSteps, type NamedBy, wholeSteps } from './patch-extension.js';
import { parsePath, type Target } from './patch-path.js';
import { MAX_OPERATIONS, parsePatchRequest, type RequestedOperation, tooMany } from './patch-request.js';
import { badRequest } from './scim-error.js';
import { DEFAULT_SETTINGS, ignoreUnknown, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkAddedType, checkDropped, checkObject, checkSingleType, checkType } from './strict.js';
import { storedEntries } from './user.js';
import { isUnset, parseSingle, parseValue, unwrapped } from './value.js';

type AttributeTarget = Extract<Target, { kind: 'attribute' }>;

const VERBS = { add: Verb.VERB_ADD, replace: Verb.VERB_REPLACE, remove: Verb.VERB_REMOVE };

/**
 * Parses a PATCH body in steps. Returns no operation if it only sets ignored attributes, a password or Okta's echoed id.
 * Throws invalidSyntax, invalidPath, invalidFilter, invalidValue, mutability, noTarget.
 */
export function* patchSteps(body: JsonObject, settings = DEFAULT_SETTINGS): Steps<PatchOperation[]> {
  return yield* collect(parsePatchRequest(body, settings), (operation) => parseOperation(operation, settings));
}

/**
 * Returns operations that set the attributes in a body and leave all others alone. Okta's wizard apps disable a user by
 * a PUT that may lack attributes: it must not clear them. Works in steps and throws as patchSteps.
 */
export function* mergeSteps(body: JsonObject, settings = DEFAULT_SETTINGS): Steps<PatchOperation[]> {
  const stored = storedEntries(body, settings);
  const extensions = stored.filter(([name]) => isExtensionUrn(name));
  const others = stored.filter(([name]) => !isExtensionUrn(name));
  return [
    ...((yield* parseObject(Verb.VERB_REPLACE, Object.fromEntries(others), settings)) ?? []),
    // As in any other PUT, a URN is that of a whole extension.
    ...(yield* collect(extensions, ([urn, value]) => wholeSteps(Verb.VERB_REPLACE, urn, value, settings))),
  ];
}

/**
 * Joins the operations of each item. Throws as soon as there are too many, so that it never holds more than twice the
 * limit.
 */
function* collect<T>(items: Iterable<T>, parse: (item: T) => Steps<PatchOperation[]>): Steps<PatchOperation[]> {
  const operations: PatchOperation[] = [];
  for (const item of items) {
    operations.push(...(yield* parse(item)));
    if (operations.length > MAX_OPERATIONS) throw tooMany();
    yield;
  }
  return operations;
}

function* parseOperation({ op, path, value }: RequestedOperation, settings: Settings): Steps<PatchOperation[]> {
  const verb = VERBS[op];
  if (path === undefined) return understood(yield* parseObject(verb, value, settings));
  const target = parsePath(path, settings.extensionSchemas);
  if (target.kind === 'readOnly') throw badRequest('mutability', `"${target.path}" cannot be changed by clients.`);
  return understood(yield* parseTarget(verb, target, value, settings, 'path'));
}

/** Refuses a body of unknown attributes: a mistyped "active" must not look like a success. */
function understood(operations: PatchOperation[] | undefined): PatchOperation[] {
  if (operations) return operations;
  throw badRequest('invalidPath', 'None of the attributes in "value" is one that a user has.');
}

/** Returns operations for each name; ignores read-only and unknown ones. Undefined if all are unknown. */
function* parseObject(verb: Verb, value: JsonObject, settings: Settings): Steps<PatchOperation[] | undefined> {
  const entries = Object.entries(value);
  if (entries.length > MAX_OPERATIONS) throw tooMany();
  const seen = new Set<string>();
  let isKnown = entries.length === 0;
  const operations = yield* collect(entries, function* ([name, inner]) {
    const target = parsePath(name, settings.extensionSchemas);
    const what = target.kind === 'attribute' ? target.contract : name.toLowerCase();
    if (seen.has(what)) throw badRequest('invalidSyntax', `"${name}" is given more than once.`);
    seen.add(what);
    if (target.kind === 'unknown') {
      checkNamespace(name, inner);
      ignoreUnknown(name, settings);
    }
    const parsed = yield* parseNamed(verb, target, inner, settings);
    isKnown ||= parsed !== undefined;
    return parsed ?? [];
  });
  return isKnown ? operations : undefined;
}

/** Returns the operations for one name of an object; undefined if it is unknown. */
function* parseNamed(
  verb: Verb,
  target: Target,
  value: unknown,
  settings: Settings,
): Steps<PatchOperation[] | undefined> {
  if (target.kind === 'unknown') return undefined;
  return target.kind === 'readOnly' ? [] : yield* parseTarget(verb, target, value, settings, 'key');
}

function* parseTarget(
  verb: Verb,
  target: Target,
  value: unknown,
  settings: Settings,
  by: NamedBy,
): Steps<PatchOperation[] | undefined> {
  switch (target.kind) {
    case 'unknown':
    case 'readOnly':
      throw badRequest('invalidPath', `A user has no attribute "${target.path}".`);
    case 'core':
      if (verb === Verb.VERB_REMOVE)
        throw badRequest('mutability', 'The core attributes cannot be removed as a whole.');
      return yield* parseMembers(verb, value, '', CORE_USER, settings);
    case 'dropped':
      checkDropped(value, 'password', settings);
      return [];
    case 'enterprise':
      checkObject(value, ENTERPRISE_USER, settings);
      if (verb === Verb.VERB_REMOVE || isUnset(value)) return [operation(Verb.VERB_REMOVE, 'enterprise')];
      return yield* parseMembers(
        verb,
        isObject(value) ? withoutSchemas(value) : value,
        `${ENTERPRISE_USER}:`,
        ENTERPRISE_USER,
        settings,
      );
    case 'extension':
      if (!target.isDeclared) ignoreUnknown(target.schema, settings);
      return yield* extensionSteps(verb, target, value, settings, by);
    case 'elements':
      return [parseElements(verb, target, value, settings)];
    case 'attribute':
      return yield* parseAttribute(verb, target, value, settings);
  }
}

/** Returns operations for the attributes of an object, as if each had its own path. */
function* parseMembers(
  verb: Verb,
  value: unknown,
  prefix: string,
  path: string,
  settings: Settings,
): Steps<PatchOperation[] | undefined> {
  if (!isObject(value)) throw badRequest('invalidValue', `"${path}" must be an object.`);
  const entries = Object.entries(value).map(([name, inner]) => [prefix + name, inner]);
  return yield* parseObject(verb, Object.fromEntries(entries), settings);
}

function* parseAttribute(
  verb: Verb,
  target: AttributeTarget,
  value: unknown,
  settings: Settings,
): Steps<PatchOperation[] | undefined> {
  const { attribute, contract, parents, path } = target;
  const removes = verb === Verb.VERB_REMOVE;
  if ((removes || (value !== undefined && isUnset(value))) && attribute.required) {
    throw badRequest('mutability', `"${path}" is required and cannot be removed.`);
  }
  if (value === undefined && !removes) throw badRequest('invalidValue', `The operation on "${path}" has no "value".`);
  if (verb === Verb.VERB_ADD) checkAddedType(attribute, value, path, settings);
  else if (!removes) checkType(attribute, value, path, settings);
  const whole = unwrapped(attribute, value);
  if (attribute.type === 'complex' && !attribute.multiValued && !removes && isObject(whole)) {
    return yield* parseMembers(verb, whole, `${path}.`, path, settings);
  }
  if (removes && attribute.multiValued && !isAbsent(value)) return removeListed(target, value);
  const parsed = removes ? undefined : parseValue(attribute, value, path, settings);
  if (parsed === undefined) return [operation(Verb.VERB_REMOVE, contract)];
  return [operation(verb, contract, { value: userWith(parents, attribute, parsed) })];
}

const isAbsent = (value: unknown): boolean => value === null || value === undefined;

/** Removes the listed values. An empty list removes none, and an empty value must not mean all. */
function removeListed({ attribute, contract, parents, path }: AttributeTarget, value: unknown): PatchOperation[] {
  if (Array.isArray(value) && value.length === 0) return [];
  const listed = parseValue(attribute, value, path) as JsonObject[];
  const saysNothing = (element: JsonObject) =>
    Object.values(element).every((part) => part === undefined || part === '');
  if (listed.length === 0 || listed.some(saysNothing)) {
    throw badRequest('invalidValue', `The "value" to remove from "${path}" names no value of it.`);
  }
  return [operation(Verb.VERB_REMOVE, contract, { value: userWith(parents, attribute, listed) })];
}

/** Returns a User with this value at its place and nothing else. */
function userWith(parents: readonly string[], attribute: Attribute, value: unknown): User {
  const innermost: JsonObject = { [fieldOf(attribute)]: value };
  return User.fromPartial(parents.reduceRight((inner, name) => ({ [name]: inner }), innermost) as Partial<User>);
}

function parseElements(
  verb: Verb,
  target: Extract<Target, { kind: 'elements' }>,
  value: unknown,
  settings: Settings,
): PatchOperation {
  const { attribute, contract, filter: element, sub, path } = target;
  const elementField = sub && contractNameOf(sub);
  if (verb === Verb.VERB_REMOVE) return operation(verb, contract, { element, elementField });
  checkSingleType(sub ?? attribute, value, path, settings);
  const single = Array.isArray(value) && value.length === 1 ? value[0] : value;
  // Entra clears a value by replacing it with "".
  const parsed = sub
    ? { [fieldOf(sub)]: parseSingle(sub, unwrapped(sub, value) ?? (sub.type === 'boolean' ? false : ''), path) }
    : parseSingle(attribute, single, path, settings);
  if (parsed === undefined) throw badRequest('invalidValue', `The operation on "${path}" has no "value".`);
  // In a strict organization a replace creates nothing (RFC 7644 section 3.5.2.3).
  const elementRequired = settings.strictSchemas && verb === Verb.VERB_REPLACE && element !== undefined;
  const operated = { element, elementField, value: userWith([], attribute, [parsed]) };
  return operation(verb, contract, elementRequired ? { ...operated, elementRequired } : operated);
}

const operation = (verb: Verb, field: string, rest: Partial<PatchOperation> = {}): PatchOperation => ({
  verb,
  field,
  element: undefined,
  value: undefined,
  extension: undefined,
  ...rest,
});
