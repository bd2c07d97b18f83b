/** PATCH operations on extension attributes without fields in the contract. */

import { allOf, equal } from '../../proto/filters.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { type ExtensionAttribute, User } from '../../proto/gen/userstore/v1/user.js';
import { type PatchOperation, PatchOperation_Verb as Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { parseExtension } from './extensions.js';
import { isObject } from './json.js';
import type { Settings } from './settings.js';
import { isUnset } from './value.js';

/**
 * Returns the operations that write or remove one attribute or, without `name`, all attributes in the object `value`.
 * Null, "" and [] remove. Throws invalidValue, invalidSyntax.
 */
export function extensionOperations(
  verb: Verb,
  schema: string,
  name: string | undefined,
  value: unknown,
  settings: Settings,
): PatchOperation[] {
  if (verb === Verb.VERB_REMOVE || (name === undefined && isUnset(value))) return [removal(schema, [name])];
  const attributes = name === undefined ? value : { [name]: value };
  const written = parseExtension(schema, attributes, settings);
  const unset = isObject(attributes) ? Object.keys(attributes).filter((key) => isUnset(attributes[key])) : [];
  return [...writing(verb, written), ...(unset.length > 0 ? [removal(schema, unset)] : [])];
}

/** "add" extends lists; "replace" replaces each attribute by name. */
function writing(verb: Verb, attributes: ExtensionAttribute[]): PatchOperation[] {
  if (attributes.length === 0) return [];
  if (verb === Verb.VERB_ADD) return [operation(verb, attributes)];
  return attributes.map((attribute) => {
    const { schema = '', name = '' } = attribute;
    return operation(verb, [attribute], allOf(equal('schema', schema), equal('name', name)));
  });
}

const removal = (schema: string, names: (string | undefined)[]): PatchOperation =>
  operation(
    Verb.VERB_REMOVE,
    names.map((name) => ({ schema, name, valueJson: undefined })),
  );

const operation = (verb: Verb, extensionAttributes: ExtensionAttribute[], element?: Filter): PatchOperation => ({
  verb,
  field: 'extension_attributes',
  element,
  value: User.fromPartial({ extensionAttributes }),
});
