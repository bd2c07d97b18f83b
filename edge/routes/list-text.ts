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

/** A part of a JSON text. */
type Segment = Buffer | ListText;

/** The JSON text of a list. */
export class ListText {
  /** The number of elements that have been appended. */
  length = 0;
  /** The bytes of their text, without lists in it. */
  bytes = 0;
  readonly #parts: Segment[] = [];
  #rest: AsyncIterable<readonly JsonObject[]> | undefined;

  /** Appends elements. */
  append(elements: readonly JsonObject[]): void {
    if (elements.length === 0) return;
    const text = textOf(elements, this.length > 0);
    for (const part of text) this.bytes += part instanceof ListText ? 0 : part.length;
    this.length += elements.length;
    this.#parts.push(...text);
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
    return this.#rest === undefined && this.#parts.every((part) => !(part instanceof ListText) || part.isComplete);
  }

  /** Yields the text of the whole list. */
  async *text(): AsyncGenerator<Buffer> {
    yield OPEN;
    yield* textIn(this.#parts);
    let isFirst = this.length === 0;
    for await (const elements of this.#rest ?? []) {
      if (elements.length > 0) yield* textIn(textOf(elements, !isFirst));
      isFirst &&= elements.length === 0;
    }
    yield CLOSE;
  }

  /** The text of a complete list. */
  get parts(): readonly Buffer[] {
    return [OPEN, ...this.#parts.flatMap((part) => (part instanceof ListText ? part.parts : [part])), CLOSE];
  }
}

/** The text of elements, which may contain lists, without the brackets around it. */
function textOf(elements: readonly JsonObject[], isContinued: boolean): Segment[] {
  const segments = [...jsonSegments(elements)];
  const [first] = segments;
  if (first instanceof Buffer) segments[0] = first.subarray(1);
  const last = segments.at(-1);
  if (last instanceof Buffer) segments[segments.length - 1] = last.subarray(0, -1);
  return isContinued ? [COMMA, ...segments] : segments;
}

async function* textIn(parts: readonly Segment[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (part instanceof ListText) yield* part.text();
    else yield part;
  }
}

/** Returns the JSON text of a body that may contain ListTexts: text, and lists whose text stands between. */
export function jsonSegments(body: JsonObject | readonly JsonObject[]): readonly Segment[] {
  lists = [];
  const text = JSON.stringify(body);
  if (lists.length === 0) return [Buffer.from(text)];
  return text.split(`"${PLACEHOLDER}"`).flatMap((between, index) => [Buffer.from(between), lists[index] ?? []].flat());
}

/** Returns the whole JSON text, in parts; undefined if some of it has to be read while it is sent. */
export function completeParts(segments: readonly Segment[]): readonly Buffer[] | undefined {
  if (segments.some((segment) => segment instanceof ListText && !segment.isComplete)) return undefined;
  return segments.flatMap((segment) => (segment instanceof ListText ? segment.parts : [segment]));
}
