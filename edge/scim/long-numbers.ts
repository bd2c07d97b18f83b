/**
 * Whole numbers in a JSON text that JSON.parse would round: they become text, digit by digit as they came. Directories
 * send employee numbers and ids as numbers, and RFC 7643 has text for them.
 */

/** Matches a text that may hold such a number. */
export const LONG_NUMBER = /\d{16}/;

const WHOLE_NUMBERS = /(?<=[:[,\s])-?[1-9]\d{15,}(?=\s*[,\]}])/g;

/** Returns the JSON text with quotes around the whole numbers that are not exact in JavaScript. */
export function withLongNumbersAsText(json: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < json.length) {
    const open = json.indexOf('"', at);
    const gap = json.slice(at, open < 0 ? undefined : open);
    parts.push(LONG_NUMBER.test(gap) ? gap.replace(WHOLE_NUMBERS, quotedIfLong) : gap);
    if (open < 0) break;
    at = endOfText(json, open);
    parts.push(json.slice(open, at));
  }
  return parts.join('');
}

const quotedIfLong = (digits: string): string => (Number.isSafeInteger(Number(digits)) ? digits : `"${digits}"`);

/** Returns the position after the text that begins with the quote at `open`. */
function endOfText(json: string, open: number): number {
  let close = open;
  do {
    close = json.indexOf('"', close + 1);
    if (close < 0) return json.length;
  } while (isEscaped(json, close));
  return close + 1;
}

/** Returns true if an odd number of backslashes precedes the position. */
function isEscaped(json: string, position: number): boolean {
  let first = position;
  while (json[first - 1] === '\\') first--;
  return (position - first) % 2 === 1;
}
