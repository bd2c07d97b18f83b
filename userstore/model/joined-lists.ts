/**
 * Lists in the JSON of extension attributes to which a PATCH adds values (RFC 7644 section 3.5.2.1). Each list is
 * parsed once and written once, however many operations add to it. Pure.
 */
import { characterCount, MAX_VALUE_JSON, type Values } from './fields.js';
import { notJson, tooLong } from './user.js';
import { unitsFor, unitsForJson, type Work } from './work.js';

/** A parsed list. */
interface ParsedList {
  /** The JSON of its elements. */
  parts: string[];
  known: Set<string>;
  /** The length of the list as JSON. */
  length: number;
  /** The text in the attribute that `parts` began with or was last written as. */
  text: string;
}

/** The lists that one PATCH adds to. */
export interface JoinedLists {
  /**
   * Appends the missing elements of the list `given` to the list in the attribute. Returns false if one of the two is
   * no list. Throws FIELD_INVALID if the result is too long, or a text is not JSON.
   */
  join: (attribute: Values, given: unknown) => boolean;
  /** Writes the grown lists into their attributes; has to precede every other use of `valueJson`. */
  write: () => void;
}

/** Creates the lists of one PATCH. */
export function createJoinedLists(work: Work): JoinedLists {
  const lists = new Map<Values, ParsedList>();
  const grown = new Set<Values>();

  function listIn(attribute: Values, stored: string): ParsedList {
    const known = lists.get(attribute);
    if (known && known.text === stored) return known;
    const parts = parsed(stored, work);
    const list = { parts, known: new Set(parts), length: lengthOf(parts), text: stored };
    lists.set(attribute, list);
    return list;
  }

  return {
    join(attribute, given) {
      const stored = attribute.valueJson;
      if (!isList(stored) || !isList(given)) {
        grown.delete(attribute);
        lists.delete(attribute);
        return false;
      }
      const list = listIn(attribute, stored);
      const missing = parsed(given, work).filter((part) => !list.known.has(part));
      const length = list.length + missing.reduce((sum, part) => sum + characterCount(part) + 1, 0);
      if (length > MAX_VALUE_JSON) throw tooLong('extensionAttributes.valueJson', MAX_VALUE_JSON);
      for (const part of missing) {
        list.parts.push(part);
        list.known.add(part);
      }
      list.length = length;
      grown.add(attribute);
      return true;
    },

    write() {
      for (const attribute of grown) {
        const list = lists.get(attribute) as ParsedList;
        work.spend(list.parts.length + unitsFor(list.length));
        list.text = `[${list.parts.join(',')}]`;
        attribute.valueJson = list.text;
      }
      grown.clear();
    },
  };
}

const isList = (json: unknown): json is string => typeof json === 'string' && /^\s*\[/.test(json);

/** Returns the length of a list as JSON, with its brackets and commas. */
const lengthOf = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + characterCount(part) + 1, 1);

/**
 * Returns the JSON of each element. Throws FIELD_INVALID for text that is not JSON, or nested too deep to be written.
 */
function parsed(json: string, { spend }: Work): string[] {
  spend(unitsForJson(json.length));
  try {
    return (JSON.parse(json) as unknown[]).map((element) => JSON.stringify(element));
  } catch {
    throw notJson();
  }
}
