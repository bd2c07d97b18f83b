/**
 * Paging of all lists (AIP-158): page sizes, pages, and page tokens. A token holds the position of the last item of a
 * page, and no state of the server: it never expires, and every userstore accepts it. It is not secret, since the
 * request names the organization. Pure.
 */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from './domain-error.js';

interface PageSizes {
  /** The size of a page if the request names none. */
  standard: number;
  max: number;
  /** 0 is not the standard size but an empty page: the request wants the total alone. */
  allowsEmpty?: true;
}

/** The page sizes of users and groups. */
export const RESOURCE_PAGES: PageSizes = { standard: 100, max: 200, allowsEmpty: true };
/** The page sizes of memberships, which are small. */
export const MEMBERSHIP_PAGES: PageSizes = { standard: 1000, max: 2000 };
/** The page sizes of organizations, API tokens, sessions, activities and changes. */
export const RECORD_PAGES: PageSizes = { standard: 100, max: 1000 };

/** Returns the maximum number of items on a page. Sizes outside the bounds are coerced to the nearest bound. */
export function pageSizeOf(requested: number | undefined, { standard, max, allowsEmpty }: PageSizes): number {
  const size = allowsEmpty ? (requested ?? standard) : requested || standard;
  return Math.min(Math.max(size, allowsEmpty ? 0 : 1), max);
}

/** A page of a list. */
interface PageOf<T> {
  items: T[];
  /** The item that the next page begins after; undefined if this is the last page. */
  last: T | undefined;
}

/** Returns the first `limit` of `limit + 1` items: the additional item tells whether there is a next page. */
export function pageOf<T>(found: readonly T[], limit: number): PageOf<T> {
  const items = found.slice(0, limit);
  return { items, last: found.length > limit ? items.at(-1) : undefined };
}

/** The kind of a value in a position; `version` is the number in an etag. */
export type PositionKind = 'text' | 'flag' | 'time' | 'version';

/** A position in a list: the values that order it, null where an item has none. */
export type Position = readonly (string | number | boolean | Date | null)[];

/** In characters; longer than every token that `pageTokenOf` makes. */
const MAX_TOKEN_LENGTH = 4096;
/** The latest time of JavaScript, in epoch milliseconds. */
const MAX_TIME = 8.64e15;

/** Returns the token of the page after this position in base64url. `list` tells lists, filters and orders apart. */
export function pageTokenOf(list: string, position: Position): string {
  const values = position.map((value) => (value instanceof Date ? value.getTime() : value));
  return Buffer.from(JSON.stringify([list, ...values])).toString('base64url');
}

/** Returns the position in a token of this list, one value of each kind. Throws PAGE_TOKEN_INVALID. */
export function positionIn(token: string, list: string, kinds: readonly PositionKind[]): Position {
  const [name, ...values] = contentOf(token);
  if (name !== list || values.length !== kinds.length) throw pageTokenInvalid();
  return kinds.map((kind, index) => positionValue(kind, values[index]));
}

function contentOf(token: string): unknown[] {
  if (!/^[\w-]+$/.test(token) || token.length > MAX_TOKEN_LENGTH) throw pageTokenInvalid();
  try {
    const content: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(content)) return content;
  } catch {
    // Text that is not JSON is not a token either.
  }
  throw pageTokenInvalid();
}

function positionValue(kind: PositionKind, value: unknown): Position[number] {
  if (kind === 'time') {
    if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TIME) {
      return new Date(value as number);
    }
  } else if (value === null || (typeof value === TYPES[kind] && value !== Number.POSITIVE_INFINITY)) {
    return value as Position[number];
  }
  throw pageTokenInvalid();
}

const TYPES = { text: 'string', flag: 'boolean', version: 'number' } as const;

/** The positions in the lists that have one fixed order. */
export interface RecordPositions {
  organizations: [createTime: Date, id: string];
  'api-tokens': [id: string];
  sessions: [id: string];
  activities: [id: string];
  changes: [version: number];
  webhooks: [id: string];
  'service-accounts': [id: string];
  'setup-links': [id: string];
}

const RECORD_KINDS: Record<keyof RecordPositions, readonly PositionKind[]> = {
  organizations: ['time', 'text'],
  'api-tokens': ['text'],
  sessions: ['text'],
  activities: ['text'],
  changes: ['version'],
  webhooks: ['text'],
  'service-accounts': ['text'],
  'setup-links': ['text'],
};

/** Returns the token of the page after this position; undefined if there is no such page. */
export const recordToken = <List extends keyof RecordPositions>(
  list: List,
  position: RecordPositions[List] | undefined,
): string | undefined => position && pageTokenOf(list, position);

/** Returns the position that a page begins after; undefined if it is the first page. Throws PAGE_TOKEN_INVALID. */
export function recordPosition<List extends keyof RecordPositions>(
  list: List,
  token: string | undefined,
): RecordPositions[List] | undefined {
  if (!token) return undefined;
  const position = earlierPosition(list, token) ?? positionIn(token, list, RECORD_KINDS[list]);
  if (position.includes(null)) throw pageTokenInvalid();
  return position as unknown as RecordPositions[List];
}

/**
 * Returns the position in a token of version 0.1.0, so that a client can finish its list while userstores are upgraded:
 * a bare id or version, or "time/id" in base64url. To be removed in the version after the next.
 */
function earlierPosition(list: keyof RecordPositions, token: string): Position | undefined {
  if (list === 'organizations') {
    const [, time, id] = /^(\d{1,15})\/([a-z\d]{1,32})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
    return id === undefined ? undefined : [new Date(Number(time)), id];
  }
  if (list === 'changes') return /^\d{1,15}$/.test(token) ? [Number(token)] : undefined;
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}(\.\d{4})?$/.test(token) ? [token] : undefined;
}

const pageTokenInvalid = () =>
  new DomainError(ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID, 'The page token is not a token of this list.');
