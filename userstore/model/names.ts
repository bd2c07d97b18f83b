/** Names that must be unique, as people see them. Pure. */
import { fold, isAscii } from './fields.js';

/** Characters that leave no mark: zero-width and other format characters, variation selectors, fillers. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** Blanks of every width, among them the blank pattern of Braille. */
const BLANKS = /[\s\u2800]+/gu;

/**
 * Returns what people see of a name: two names with the same result look the same. Letter case, invisible characters,
 * and the number and kind of blanks do not count; blanks at both ends neither.
 */
export function visibleName(name: string): string {
  const shown = isAscii(name) ? name : name.replace(INVISIBLE, '');
  return fold(shown.replace(BLANKS, ' ').replace(/^ | $/g, ''));
}
