/**
 * PATCH operations on extension attributes without fields in the contract. userstore applies them to the JSON of the
 * user, and finds where an undeclared URN ends: at the longest URN that the user has attributes of.
 */

import {
  type ExtensionTarget,
  type PatchOperation,
  PatchOperation_Verb as Verb,
} from '../../proto/gen/userstore/v1/user_service.js';
import { isComplex, parseDefined, parseElement, wantedValue } from './declared-values.js';
import { definitionOf, extensionEntries, jsonOf, spellingOf } from './extensions.js';
import { isObject } from './json.js';
import { definitionNamed } from './notation.js';
import type { ExtensionPath } from './patch-path.js';
import { badRequest } from './scim-error.js';
import { ignoreUnknown, type Settings } from './settings.js';
import type { Steps } from './steps.js';
import { checkObject } from './strict.js';
import { isUnset } from './value.js';

/** Whether a client named the target by a path, or by a key of an object, which is an extension more often. */
export type NamedBy = 'path' | 'key';

/** Returns the operations on an extension or a part of it, in steps. Throws invalidValue, invalidSyntax, invalidPath. */
export function* extensionSteps(
  verb: Verb,
  target: ExtensionPath,
  value: unknown,
  settings: Settings,
  by: NamedBy,
): Steps<PatchOperation[]> {
  if (target.filter === undefined) checkBelow(target, settings);
  if (verb === Verb.VERB_REMOVE) return removal(target, value, settings);
  if (target.filter) return [writeChosen(verb, target, value, settings)];
  if (target.isDeclared) {
    const { schema, name, below } = target;
    if (name !== undefined) return [writeAttribute(verb, { schema, name, below }, value, settings)];
    return yield* wholeSteps(verb, schema, value, settings);
  }
  const text = textOf(target);
  if (isObject(value) && isWhole(target, by)) return yield* wholeSteps(verb, text, value, settings, true);
  ignoreUnknown(text, settings);
  return [write(verb, target, jsonOf(value, text))];
}

/** Returns an operation for each attribute in the object under the URN of an extension, a step each. Throws invalidValue. */
export function* wholeSteps(
  verb: Verb,
  schema: string,
  value: unknown,
  settings: Settings,
  ambiguous = false,
): Steps<PatchOperation[]> {
  checkObject(value, schema, settings);
  if (isUnset(value)) return [operation(Verb.VERB_REMOVE, { schema })];
  const operations: PatchOperation[] = [];
  for (const [name, inner] of extensionEntries(schema, value)) {
    operations.push(writeAttribute(verb, { schema, name, ambiguous }, inner, settings));
    yield;
  }
  return operations;
}

/** Refuses a path below an attribute whose declared values have no such parts. Throws invalidPath. */
function checkBelow(target: ExtensionPath, { extensionSchemas }: Settings): void {
  const { schema, name, below, isDeclared } = target;
  if (!isDeclared || name === undefined || below === undefined) return;
  const [part = '', ...deeper] = below.split('.');
  const attribute = definitionOf(extensionSchemas, schema, name);
  const isDeep = deeper.length > 0 && attribute && definitionNamed(attribute.subAttributes, part) !== undefined;
  if (isDeep || (attribute && !isComplex(attribute))) {
    throw badRequest('invalidPath', `"${textOf(target)}" reaches into a value that has no parts.`);
  }
}

/**
 * Writes an attribute or a part of it, by its definition if it has one. An empty value removes it, or adds nothing to a
 * list; so does one inside an object.
 */
function writeAttribute(
  verb: Verb,
  target: Pick<ExtensionTarget, 'schema' | 'below'> & { name: string; ambiguous?: boolean },
  value: unknown,
  settings: Settings,
): PatchOperation {
  const { below } = target;
  const definition = definitionOf(settings.extensionSchemas, target.schema, target.name, below);
  const place = { ...target, ...spellingOf(settings, target.schema, target.name) };
  const text = textOf(place);
  // An "add" may name one element of a list (RFC 7644 section 3.5.2.1).
  const isOne = verb === Verb.VERB_ADD && definition?.multiValued && !Array.isArray(value) && !isUnset(value);
  const parsed = parseDefined(definition, isOne ? [value] : value, text, settings) ?? value;
  return operation(verb, { ...place, valueJson: jsonOf(parsed, text, null) });
}

/**
 * Returns true if an object is the value of a whole extension rather than of an attribute, unless the user's extensions
 * say otherwise: "urn:…:2.0:User" precedes the attribute in "urn:…:2.0:User:badge", but Okta has extensions such as
 * "urn:okta:onprem_app:1.0:user:custom".
 */
function isWhole({ schema, name }: ExtensionPath, by: NamedBy): boolean {
  if (name === undefined) return true;
  const endsWithName = /:\d+(\.\d+)*:[^:]+$/.test(schema);
  return !endsWithName || (by === 'key' && !/^urn:ietf:params:scim:schemas:/i.test(schema));
}

/**
 * Removes the target, or only the values that the client lists. An empty list removes none, and an empty value must not
 * mean all. Throws invalidValue.
 */
function removal(target: ExtensionPath, value: unknown, settings: Settings): PatchOperation[] {
  if (target.filter || value === undefined || value === null) return [write(Verb.VERB_REMOVE, target, undefined)];
  if (Array.isArray(value) && value.length === 0) return [];
  const text = textOf(target);
  const listed = Array.isArray(value) ? value : [value];
  if (listed.some(saysNothing)) {
    throw badRequest('invalidValue', `The "value" to remove from "${text}" names no value of it.`);
  }
  if (target.isDeclared && target.name === undefined) {
    return extensionEntries(text, value).flatMap(([name, inner]) => removal({ ...target, name }, inner, settings));
  }
  const definition = definitionIn(target, settings);
  const typed = definition ? listed.map((one) => wantedValue(definition, one)) : listed;
  return [write(Verb.VERB_REMOVE, target, jsonOf(typed, text), definition?.caseExact)];
}

const saysNothing = (value: unknown): boolean =>
  isUnset(value) || (isObject(value) && Object.values(value).every((inner) => isUnset(inner)));

/** Writes the elements that a filter chooses, or a part of them. Throws invalidValue. */
function writeChosen(verb: Verb, target: ExtensionPath, value: unknown, settings: Settings): PatchOperation {
  const text = textOf(target);
  if (value === undefined) throw badRequest('invalidValue', `The operation on "${text}" has no "value".`);
  const single = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (Array.isArray(single)) throw badRequest('invalidValue', `"${text}" takes a single value, not a list.`);
  const definition = definitionIn(target, settings);
  const parsed = definition
    ? parseElement(definition, single, text, settings)
    : parseDefined(definition, single, text, settings);
  return write(verb, target, jsonOf(parsed ?? single, text, null));
}

const definitionIn = ({ isDeclared, schema, name = '', below }: ExtensionPath, { extensionSchemas }: Settings) =>
  isDeclared ? definitionOf(extensionSchemas, schema, name, below) : undefined;

const textOf = ({ schema, name, below }: Pick<ExtensionTarget, 'schema' | 'name' | 'below'>): string =>
  [name === undefined ? schema : `${schema}:${name}`, ...(below === undefined ? [] : [below])].join('.');

function write(verb: Verb, target: ExtensionPath, valueJson: string | undefined, caseExact = false): PatchOperation {
  const { schema, name, below, isDeclared, filter } = target;
  return operation(verb, { schema, name, below, ambiguous: !isDeclared, valueJson, caseExact }, filter);
}

const operation = (
  verb: Verb,
  target: Pick<ExtensionTarget, 'schema'> & Partial<ExtensionTarget>,
  element?: ExtensionPath['filter'],
): PatchOperation => ({
  verb,
  field: 'extension',
  element,
  value: undefined,
  extension: { ambiguous: false, caseExact: false, ...target },
});
