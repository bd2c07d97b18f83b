/**
 * The work of a PATCH, counted in units: a comparison of short texts, or another step of at most some 0.25 µs. Work is
 * paid for before it is done, by the bytes it touches. Pure: units, not time.
 */
import { invalidField } from './domain-error.js';
import { fold, isAscii } from './fields.js';

/** Most units of the operations of one PATCH together: about 50 ms. */
const MAX_UNITS = 200_000;
/** Units after which the work pauses, so that other requests are served: about 5 ms. */
const UNITS_BETWEEN_PAUSES = 20_000;

/** Characters that one unit compares, copies or folds. */
const CHARACTERS_PER_UNIT = 64;
/** Characters that one unit parses as JSON, or folds beyond ASCII. */
const SLOW_CHARACTERS_PER_UNIT = 8;

/** Returns the units for comparing, copying or joining text of this length; short text costs nothing extra. */
export const unitsFor = (characters: number): number => Math.floor(characters / CHARACTERS_PER_UNIT);

/** Returns the units for parsing or writing JSON of this length. */
export const unitsForJson = (characters: number): number => Math.ceil(characters / SLOW_CHARACTERS_PER_UNIT);

/** The account of one PATCH. */
export interface Work {
  /** Pays for work that follows. Throws FIELD_INVALID beyond the limit. */
  spend: (units: number) => void;
  /** Returns whether it is time to pause, once after each slice of work. */
  isPauseDue: () => boolean;
  /** Folds a text as `fold` does, each text once. */
  fold: (text: string) => string;
}

/** Creates the account of one PATCH. */
export function createWork(maxUnits = MAX_UNITS): Work {
  const folded = new Map<string, string>();
  let spent = 0;
  let nextPause = UNITS_BETWEEN_PAUSES;
  const spend = (units: number) => {
    spent += units;
    if (spent > maxUnits) {
      throw invalidField('operations', 'The operations take too much work together; send fewer at a time.');
    }
  };
  return {
    spend,
    isPauseDue() {
      if (spent < nextPause) return false;
      nextPause = spent + UNITS_BETWEEN_PAUSES;
      return true;
    },
    fold(text) {
      const known = folded.get(text);
      if (known !== undefined) return known;
      spend(isAscii(text) ? unitsFor(text.length) : Math.ceil(text.length / SLOW_CHARACTERS_PER_UNIT));
      const result = fold(text);
      folded.set(text, result);
      return result;
    },
  };
}
