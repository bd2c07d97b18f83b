/** The rules of the event log: pages of events, and the place from which to watch. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import type {
  ListEventsRequest,
  ListEventsResponse,
  WatchEventsRequest,
} from '../../proto/gen/userstore/v1/event_service.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import { contentOfCursor, cursorOf } from '../model/event-cursor.js';
import { pageSizeOf, RECORD_PAGES } from '../model/paging.js';
import type { EventQuery, EventRange, EventStorage } from '../storage/events.js';

const MAX_TYPES = 50;
const MAX_ID = 100;
const MAX_PERSON = 200;

/** The storage of events, and the days that it keeps them. `deadline` is in epoch milliseconds everywhere. */
export interface EventContext {
  storage: EventStorage;
  days: number;
}

/** A page of events, and the position after them. */
export interface EventPage {
  events: Event[];
  position: number;
  hasMore: boolean;
}

/** Returns the query of a request. Throws FIELD_INVALID. */
export function eventQueryOf({ organizationId, types, resourceId }: WatchEventsRequest): EventQuery {
  if (types.length > MAX_TYPES) throw invalidField('types', `A request names at most ${MAX_TYPES} types.`);
  for (const [field, id] of [
    ['organization_id', organizationId],
    ['resource_id', resourceId],
  ] as const) {
    if (id !== undefined && (id === '' || id.length > MAX_ID)) throw invalidField(field, 'This is no id.');
  }
  return { organizationId, types, resourceId };
}

/** Reads a page of a range. Whatever the filter leaves out up to its end is before the end of the last page. */
export async function readPage(
  storage: Pick<EventStorage, 'list'>,
  query: EventQuery,
  range: EventRange,
  limit: number,
  deadline: number,
): Promise<EventPage> {
  const { items, hasMore, read } = await storage.list(query, range, limit, deadline);
  const last = items.at(-1)?.position ?? range.after;
  const position = hasMore ? last : Math.max(last, read.upTo);
  return { events: items.map(({ event }) => event), position, hasMore: hasMore || read.upTo < range.upTo };
}

/** Reads a page of a range, newest first. The position of the page is before its oldest event. */
async function readBack(
  storage: EventStorage,
  query: EventQuery,
  range: EventRange,
  limit: number,
  deadline: number,
): Promise<EventPage> {
  const { items, hasMore, read } = await storage.list(query, { ...range, isNewestFirst: true }, limit, deadline);
  const last = items.at(-1)?.position ?? range.after + 1;
  const position = hasMore ? last - 1 : read.after;
  return { events: items.map(({ event }) => event), position, hasMore: hasMore || read.after > range.after };
}

/** Returns whose acts a request is about. Throws FIELD_INVALID. */
function personIn({ byPerson, person }: ListEventsRequest): EventQuery['person'] {
  if (person === undefined) return byPerson ? true : undefined;
  if (person !== '' && person.length <= MAX_PERSON) return person;
  throw invalidField('person', `It must have 1 to ${MAX_PERSON} characters.`);
}

/**
 * Returns the position in a cursor. Throws EVENT_CURSOR_INVALID, EVENT_CURSOR_EXPIRED, EVENT_CURSOR_UNKNOWN: a reader that
 * went on with a cursor of another log, or of one that a restore took back, would miss events without a word.
 */
async function positionOf({ storage, days }: EventContext, cursor: string, deadline: number): Promise<number> {
  const { position, issueTime } = contentOfCursor(cursor, days, Date.now());
  if (await storage.hasReached(position, issueTime, deadline)) return position;
  const message = 'This log has not issued the cursor: list the users and groups again.';
  throw new DomainError(ErrorReason.ERROR_REASON_EVENT_CURSOR_UNKNOWN, message);
}

/** Returns the position from which a request reads. Throws as `positionOf` does, and FIELD_INVALID. */
async function startOf(
  context: EventContext,
  { cursor, startTime }: Pick<WatchEventsRequest, 'cursor' | 'startTime'>,
  otherwise: () => Promise<number>,
  deadline: number,
): Promise<number> {
  if (cursor !== undefined) {
    if (startTime) throw invalidField('start_time', 'A request names a cursor or a time, not both.');
    return await positionOf(context, cursor, deadline);
  }
  return startTime ? await context.storage.before(startTime, deadline) : await otherwise();
}

/** Returns the range that a request reads. Throws as startOf does. */
async function rangeOf(
  context: EventContext,
  { cursor, startTime, endTime, newestFirst }: ListEventsRequest,
  deadline: number,
): Promise<EventRange> {
  const { storage } = context;
  if (!newestFirst) {
    const after = await startOf(context, { cursor, startTime }, () => Promise.resolve(0), deadline);
    return { after, upTo: endTime ? await storage.before(endTime, deadline) : await storage.newest(deadline) };
  }
  if (cursor !== undefined && endTime) throw invalidField('end_time', 'A request names a cursor or a time, not both.');
  const from = { cursor, startTime: endTime };
  const upTo = await startOf(context, from, () => storage.newest(deadline), deadline);
  return { after: startTime ? await storage.before(startTime, deadline) : 0, upTo };
}

/** The rules of the event log. */
export type EventRules = ReturnType<typeof createEventRules>;

/** Binds the rules to a context. */
export function createEventRules(context: EventContext) {
  const { storage } = context;
  return {
    /** Lists events, of the organizations `held` if given. Throws as the contract's ListEvents says. */
    async list(request: ListEventsRequest, deadline: number, held?: readonly string[]): Promise<ListEventsResponse> {
      const query = { ...eventQueryOf(request), organizationIds: held, person: personIn(request) };
      const limit = pageSizeOf(request.pageSize, RECORD_PAGES);
      const range = await rangeOf(context, request, deadline);
      const read = request.newestFirst ? readBack : readPage;
      const { events, position, hasMore } = await read(storage, query, range, limit, deadline);
      return { events, checkpoint: cursorOf(position, Date.now()), hasMore };
    },

    /** Returns the position from which a stream begins. Throws as the contract's WatchEvents says. */
    watchFrom: (request: WatchEventsRequest, deadline: number): Promise<number> =>
      startOf(context, request, () => storage.newest(deadline), deadline),

    /** Returns a cursor before any event that is not written yet; it may be a second old. */
    recentCursor: async (deadline: number): Promise<string> => cursorOf(await storage.recent(deadline), Date.now()),

    /** Returns the cursor after the newest event. */
    newestCursor: async (deadline: number): Promise<string> => cursorOf(await storage.newest(deadline), Date.now()),

    /** Returns the cursor before the first event that was written at `time` or later. */
    cursorAt: async (time: Date, deadline: number): Promise<string> =>
      cursorOf(await storage.before(time, deadline), Date.now()),

    /** Returns the cursor if it is valid. Throws FIELD_INVALID, EVENT_CURSOR_EXPIRED, EVENT_CURSOR_UNKNOWN. */
    async checkCursor(cursor: string, deadline: number): Promise<string> {
      try {
        await positionOf(context, cursor, deadline);
        return cursor;
      } catch (error) {
        throw error instanceof DomainError && error.reason !== ErrorReason.ERROR_REASON_EVENT_CURSOR_INVALID
          ? error
          : invalidField('cursor', 'This is not a cursor of the event log.');
      }
    },
  };
}
