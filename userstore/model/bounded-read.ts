/** Reads for one answer: as many items as were asked for, or fewer if they are large. Pure. */

/** The most bytes of the items of an answer unless its read has another maximum; an answer holds at least one. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The size of items, and the most bytes of them together. */
export interface Sizes<T> {
  sizeOf?: (item: T) => number;
  maxBytes?: number;
  /** Called after each item: resolves when the next one may be read; undefined: at once. */
  pause?: (() => Promise<void> | undefined) | undefined;
}

/** Items, and whether there are more. */
export interface Bounded<T> {
  items: T[];
  hasMore: boolean;
}

/**
 * Reads at most `limit` items, and stops when they have `maxBytes`, 16 MiB unless it says otherwise, so that neither the
 * answer nor memory grows with what is stored. `sizeOf` returns the size of an item in bytes.
 */
export async function readBounded<D, T>(
  documents: AsyncIterable<D> | Iterable<D>,
  limit: number,
  toItem: (document: D) => T,
  { sizeOf = bytesOf, maxBytes = MAX_BYTES, pause }: Sizes<T> = {},
): Promise<Bounded<T>> {
  const items: T[] = [];
  let bytes = 0;
  for await (const document of documents) {
    if (items.length === limit) return { items, hasMore: true };
    const item = toItem(document);
    bytes += sizeOf(item);
    if (bytes > maxBytes && items.length > 0) return { items, hasMore: true };
    items.push(item);
    const pausing = pause?.();
    if (pausing) await pausing;
  }
  return { items, hasMore: false };
}

/** Returns about the size of a value in Protocol Buffers; exact for text, which is what makes resources large. */
export function bytesOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value) + FIELD_BYTES;
  if (typeof value !== 'object' || value instanceof Date) return FIELD_BYTES;
  return Object.values(value).reduce<number>((sum, part) => sum + bytesOf(part), FIELD_BYTES);
}

/** Bytes of the number and the length of a field, at most. */
const FIELD_BYTES = 5;
