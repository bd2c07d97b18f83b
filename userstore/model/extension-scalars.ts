/** The scalars in the JSON of extension attributes, by which filters compare them. Pure. */
import { fold } from './fields.js';

/** A value that can be compared. */
export type Scalar = string | number | boolean;

/** A scalar with its name; without a value, the presence of what has the name. */
export interface NamedScalar {
  /** The name in one letter case, dots below it. */
  name: string;
  value?: Scalar;
}

/** Values nested deeper in JSON cannot be compared. */
const MAX_DEPTH = 20;
/** Longest text that is compared by order or by its parts, in characters; a longer one compares by equality only. */
export const MAX_COMPARED_TEXT = 1024;

/** Returns the name in one letter case. */
export const extensionName = (name: string): string => fold(name);

/** Returns the scalars of a value: each element of a list, each member of an object by its dotted name. */
export function scalarsOf(value: unknown, name: string): NamedScalar[] {
  const found: NamedScalar[] = [];
  collect(value, extensionName(name), found, 0);
  return found;
}

function collect(value: unknown, name: string, found: NamedScalar[], depth: number): void {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    found.push({ name, value });
  } else if (value !== null && value !== undefined) {
    found.push({ name });
    if (depth === MAX_DEPTH) return;
    for (const [member, inner] of Object.entries(value)) {
      const below = Array.isArray(value)
        ? name
        : name === ''
          ? extensionName(member)
          : `${name}.${extensionName(member)}`;
      collect(inner, below, found, depth + 1);
    }
  }
}
