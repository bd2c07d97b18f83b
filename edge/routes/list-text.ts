/** Lists that are too long to keep as objects: they are serialized to JSON in parts, and sent as those. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../scim/json.js';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
/** Stands for a list in the text around it. It is random, so no value in a body can equal it. */
const PLACEHOLDER = randomUUID();

/** The JSON text of a list. */
export class ListText {
  readonly #parts: Buffer[] = [];

  /** Appends elements. */
  append(elements: readonly JsonObject[]): void {
    if (elements.length === 0) return;
    if (this.#parts.length > 0) this.#parts.push(COMMA);
    this.#parts.push(Buffer.from(JSON.stringify(elements).slice(1, -1)));
  }

  /** The text of the whole list. */
  get parts(): readonly Buffer[] {
    return [OPEN, ...this.#parts, CLOSE];
  }
}

/** Returns the JSON text, in parts, of a body that may contain ListTexts. */
export function jsonParts(body: JsonObject): readonly Buffer[] {
  const lists: ListText[] = [];
  const text = JSON.stringify(body, (_, value: unknown) => {
    if (!(value instanceof ListText)) return value;
    lists.push(value);
    return PLACEHOLDER;
  });
  return text
    .split(`"${PLACEHOLDER}"`)
    .flatMap((between, index) => [Buffer.from(between), ...(lists[index]?.parts ?? [])]);
}
