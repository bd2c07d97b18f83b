/** The target of a PATCH operation among the extension attributes of a user: where its URN ends. Pure. */
import type { ExtensionTarget } from '../../proto/gen/userstore/v1/user_service.js';
import { invalidField } from './domain-error.js';

/** An extension as a whole, or an attribute of it and perhaps a part of its value. */
export interface Place {
  schema: string;
  name: string | undefined;
  /** The names of members, from the value of the attribute downwards. */
  below: string[];
}

const NAME = /^\$?[A-Za-z][\w$-]*$/;

/**
 * Returns the place of a target. `holds` says whether the user has attributes of an extension: the longest URN that it
 * accepts counts. Throws FIELD_INVALID for names that no attribute has.
 */
export function placeOf(target: ExtensionTarget, holds: (schema: string) => boolean): Place {
  const given = { schema: target.schema, name: target.name, below: target.below?.split('.') ?? [] };
  const place = target.ambiguous
    ? (joined(given, holds) ?? (holds(given.schema) ? given : shifted(given, holds)))
    : given;
  const names = place.name === undefined ? place.below : [place.name, ...place.below];
  if (!/^urn:./i.test(place.schema) || (place.name === undefined && names.length > 0) || !names.every(isName)) {
    throw invalidField('extension', 'The target is the URN of a schema, and names below it.');
  }
  return place;
}

const isName = (name: string) => NAME.test(name);

/** Returns the whole extension if all of the text is the URN of one. */
function joined({ schema, name, below }: Place, holds: (schema: string) => boolean): Place | undefined {
  if (name === undefined) return undefined;
  const whole = `${schema}:${[name, ...below].join('.')}`;
  return holds(whole) ? { schema: whole, name: undefined, below: [] } : undefined;
}

/** Returns the attribute that the end of the URN names, if the URN without it is that of an extension. */
function shifted(given: Place, holds: (schema: string) => boolean): Place {
  const colon = given.schema.lastIndexOf(':');
  const schema = given.schema.slice(0, colon);
  const [name = '', ...parts] = given.schema.slice(colon + 1).split('.');
  if (!holds(schema) || !isName(name)) return given;
  return { schema, name, below: [...parts, ...(given.name === undefined ? [] : [given.name]), ...given.below] };
}
