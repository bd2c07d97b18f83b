/**
 * Lists that are too long to keep: they are serialized to JSON in parts, the first at once and the rest while it is
 * sent.
 */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../scim/json.js';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
/** Stands for a list in the text around it. It is random, so no value in a body can equal it. */
const PLACEHOLDER = randomUUID();

/** The lists in the body that is being serialized, in their order. */
let lists: ListText[] = [];

/** The JSON text of a list. */
export class ListText {
  readonly #parts: Buffer[] = [];
  #rest: AsyncIterable<readonly JsonObject[]> | undefined;

  /** Appends elements. */
  append(elements: readonly JsonObject[]): void {
    if (elements.length > 0) this.#parts.push(...textOf(elements, this.#parts.length > 0));
  }

  /** Appends elements that are read while the list is sent. Nothing can be appended after them. */
  appendLater(pages: AsyncIterable<readonly JsonObject[]>): void {
    this.#rest = pages;
  }

  /** Notes the list for `jsonSegments`, and stands for it in the text. */
  toJSON(): string {
    lists.push(this);
    return PLACEHOLDER;
  }

  /** Whether the whole list is known. */
  get isComplete(): boolean {
    return this.#rest === undefined;
  }

  /** Yields the text of the whole list. */
  async *text(): AsyncGenerator<Buffer> {
    yield OPEN;
    yield* this.#parts;
    let isFirst = this.#parts.length === 0;
    for await (const elements of this.#rest ?? []) {
      if (elements.length > 0) yield* textOf(elements, !isFirst);
      isFirst &&= elements.length === 0;
    }
    yield CLOSE;
  }

  /** The text of a complete list. */
  get parts(): readonly Buffer[] {
    return [OPEN, ...this.#parts, CLOSE];
  }
}

const textOf = (elements: readonly JsonObject[], isContinued: boolean): Buffer[] => {
  const text = Buffer.from(JSON.stringify(elements).slice(1, -1));
  return isContinued ? [COMMA, text] : [text];
};

/** Returns the JSON text of a body that may contain ListTexts: text, and lists whose text stands between. */
export function jsonSegments(body: JsonObject): readonly (Buffer | ListText)[] {
  lists = [];
  const text = JSON.stringify(body);
  if (lists.length === 0) return [Buffer.from(text)];
  return text.split(`"${PLACEHOLDER}"`).flatMap((between, index) => [Buffer.from(between), lists[index] ?? []].flat());
}

/** Returns the whole JSON text, in parts; undefined if some of it has to be read while it is sent. */
export function completeParts(segments: readonly (Buffer | ListText)[]): readonly Buffer[] | undefined {
  if (segments.some((segment) => segment instanceof ListText && !segment.isComplete)) return undefined;
  return segments.flatMap((segment) => (segment instanceof ListText ? segment.parts : [segment]));
}
