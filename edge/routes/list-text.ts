/** Lists that are too long to be kept as objects: they become JSON text part by part, and are sent as that. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../scim/json.js';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
/** Stands for a list in the text around it; nobody can know it beforehand, so nothing else is equal to it. */
const MARK = randomUUID();

/** The text of a list that grows. */
export class ListText {
  readonly #parts: Buffer[] = [];

  /** Adds elements at the end. */
  append(elements: readonly JsonObject[]): void {
    if (elements.length === 0) return;
    if (this.#parts.length > 0) this.#parts.push(COMMA);
    this.#parts.push(Buffer.from(JSON.stringify(elements).slice(1, -1)));
  }

  /** All of its text. */
  get parts(): readonly Buffer[] {
    return [OPEN, ...this.#parts, CLOSE];
  }
}

/** The JSON of a body in which there may be ListTexts, in parts. */
export function jsonParts(body: JsonObject): readonly Buffer[] {
  const lists: ListText[] = [];
  const text = JSON.stringify(body, (_, value: unknown) => {
    if (!(value instanceof ListText)) return value;
    lists.push(value);
    return MARK;
  });
  return text.split(`"${MARK}"`).flatMap((between, index) => [Buffer.from(between), ...(lists[index]?.parts ?? [])]);
}
