/**
 * The shape of a JSON text, counted in its bytes before it is parsed: what a parser spends does not depend on bytes
 * alone. Five megabytes of brackets, of short values, or of names that differ would each occupy it for up to a second.
 */
import { badRequest } from './scim-error.js';

/** Deepest nesting. No SCIM message needs more; a deeper one is an attack or a mistake. */
const MAX_DEPTH = 20;
/** The maximum number of names in one object; an extension may have 1,000 attributes. */
const MAX_NAMES_OF_OBJECT = 2000;
/** The maximum number of names in a body; a group of 10,000 members has 40,000. */
const MAX_NAMES = 200_000;
/** Names beyond an object's first 100, which V8 keeps in a slower way: at most this number in a body. */
const MAX_LATER_NAMES = 50_000;
const FIRST_NAMES = 100;
/** The maximum number of commas in a body. 100,000 members of two names each have 200,000. */
const MAX_VALUES = 250_000;
/**
 * The maximum number of shapes: of sequences of names with which an object begins. V8 makes a hidden class for each,
 * which takes a microsecond. The members of a group, or the users of a bulk request, share a few.
 */
const MAX_SHAPES = 5000;

const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, QUOTE, BACKSLASH, COLON, COMMA] = Buffer.from('{}[]"\\:,');

/**
 * Creates a function that scans the bytes of a body up to a position, from where it ended before. It throws
 * invalidSyntax. Without `countsShapes` it counts no shapes, which a short body has few of.
 */
export function createShapeScan(bytes: Uint8Array, countsShapes: boolean): (end: number) => void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shapes = countsShapes ? createShapes() : undefined;
  const names = new Uint32Array(MAX_DEPTH + 2);
  const shapeAt = new Uint32Array(MAX_DEPTH + 2);
  let [at, depth, total, later, values] = [0, 0, 0, 0, 0];
  let [textStart, textEnd] = [0, 0];
  let isInText = false;

  const countName = () => {
    // A colon outside text follows exactly one name.
    const count = (names[depth] ?? 0) + 1;
    names[depth] = count;
    if (++total > MAX_NAMES || count > MAX_NAMES_OF_OBJECT) throw tooManyNames();
    if (count > FIRST_NAMES && ++later > MAX_LATER_NAMES) throw tooManyNames();
    if (shapes) shapeAt[depth] = shapes(shapeAt[depth] ?? 0, buffer.toString('latin1', textStart, textEnd));
  };

  return (end) => {
    for (; at < end; at++) {
      const byte = bytes[at];
      if (isInText) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) {
          isInText = false;
          textEnd = at;
        }
      } else if (byte === QUOTE) {
        isInText = true;
        textStart = at + 1;
      } else if (byte === COLON) countName();
      else if (byte === COMMA) {
        if (++values > MAX_VALUES) throw tooManyValues();
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (++depth > MAX_DEPTH) throw tooDeep();
        names[depth] = 0;
        shapeAt[depth] = 0;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth = Math.max(depth - 1, 0);
    }
  };
}

/** Creates the shapes of a body: a function that returns the number of the shape that a name makes of another one. */
function createShapes(): (shape: number, name: string) => number {
  const known = new Map<string, number>();
  return (shape, name) => {
    const key = `${shape}:${name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size === MAX_SHAPES) throw tooManyShapes();
    known.set(key, known.size + 1);
    return known.size;
  };
}

const tooDeep = () => badRequest('invalidSyntax', `The request body is nested deeper than ${MAX_DEPTH} levels.`);
const tooManyNames = () =>
  badRequest(
    'invalidSyntax',
    `The request body has too many attributes: at most ${MAX_NAMES_OF_OBJECT} in one object, ${MAX_NAMES} in all.`,
  );
const tooManyValues = () =>
  badRequest('invalidSyntax', `The request body has more than ${MAX_VALUES} values; send it in parts.`);
const tooManyShapes = () =>
  badRequest('invalidSyntax', `The request body has more than ${MAX_SHAPES} different attributes; send it in parts.`);
