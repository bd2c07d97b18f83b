/**
 * The event log. The position of an event is its `_id`, and each one is the next after the newest: a writer that another
 * one has overtaken gets a duplicate key and looks again. So position n is written only after n - 1 was, and a reader in
 * the order of positions misses none. `deadline` (epoch milliseconds) bounds every call.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import pLimit from 'p-limit';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import { pauseOf } from '../deadlines.js';
import { readBounded } from '../model/bounded-read.js';
import { EVENT_TYPES } from '../model/event-types.js';
import type { Collections } from './collections.js';
import { MAJORITY_READ, orTimeout, within } from './connect.js';
import { DuplicateKeyError, withDuplicateKeyError } from './database-errors.js';
import { bytesOf, toEvent } from './event-documents.js';
import type { EventDocument, EventLogDocument, NewEvent } from './event-schemas.js';
import { readTogether } from './read-together.js';
import { idAfter, SLICE } from './slices.js';

/** The storage of events. */
export type EventStorage = ReturnType<typeof createEventStorage>;

/** An event with its position, and the bytes of its resource and its lists. */
export interface StoredEvent {
  position: number;
  bytes: number;
  event: Event;
}

/** The events to read. */
export interface EventQuery {
  organizationId?: string | undefined;
  /** Only events of these organizations, if `organizationId` is undefined. */
  organizationIds?: readonly string[] | undefined;
  types: readonly string[];
  resourceId?: string | undefined;
  /** Whether the actor names a person; a text: this person. */
  person?: string | true | undefined;
}

/** The events between two positions: after the one, up to the other, which is no later than `newest` has returned. */
export interface EventRange {
  after: number;
  upTo: number;
  isNewestFirst?: boolean | undefined;
}

/** The most bytes of the events of a page. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const DAY_MS = 86_400_000;
const LOG = 'log';
/**
 * A writer looks for the newest position again after this time. Others may have written since, and their events may have
 * been deleted with an organization or by their age: the place after an old position would be free, but behind readers.
 */
const RELIANCE_MS = 1000;
/** The most that the clocks of two userstores differ by. */
const CLOCKS_MS = 300_000;
/** Pause of a writer that was overtaken. */
const PAUSE_MS = 5;
/** The userstore that holds the lease moves changes; if it is killed, another one does after this time. */
const LEASE_MS = 3000;

const NOTHING_SHOWN = { position: 0, inJournal: Promise.resolve() };

interface Context {
  events: mongo.Collection<EventDocument>;
  eventLog: mongo.Collection<EventLogDocument>;
  days: number;
  /** The newest position that this process has written, and until when it relies on it; undefined: unknown. */
  newest: { position: number; until: number } | undefined;
  /** The newest position at the last look at the lease. */
  recent: number | undefined;
  /** The newest position that the journal is known to have, or will have by `inJournal`. */
  shown: { position: number; inJournal: Promise<unknown> };
}

/** Creates the storage of events; MongoDB deletes each event after `days`. A read looks at `slice` events. */
export function createEventStorage(
  { events, eventLog }: Pick<Collections, 'events' | 'eventLog'>,
  days: number,
  slice = SLICE,
) {
  const context: Context = { events, eventLog, days, newest: undefined, recent: undefined, shown: NOTHING_SHOWN };
  const alone = pLimit(1);
  const newest = readTogether(async (_log: string, [id = ''], deadline) => {
    return new Map([[id, await lastingPosition(context, deadline)]]);
  });
  return {
    /** Writes events at the end of the log, in this order; ignores those that are in it. */
    append: (made: readonly NewEvent[], deadline: number): Promise<void> =>
      made.length === 0 ? Promise.resolve() : alone(() => append(context, made, deadline)),

    /**
     * Returns at most `limit` events of a range; fewer if they are large. `read` is the part of the range that it has read
     * if there are no more in it. No failover takes back what is in the range, so that the primary has it: a new one may
     * not know yet that a majority has it, and would leave it out of such a read.
     */
    async list(query: EventQuery, range: EventRange, limit: number, deadline: number) {
      const read = await sliceOf(events, query, range, slice, deadline);
      const { after, upTo, isNewestFirst } = read;
      const filter: mongo.Filter<EventDocument> = { _id: { $gt: after, $lte: upTo }, ...filterOf(query) };
      const order = { sort: { _id: isNewestFirst ? -1 : 1 }, limit: limit + 1 } as const;
      const options = { ...order, ...hintOf(query), ...within(deadline) };
      const sizes = { sizeOf: ({ bytes }: StoredEvent) => bytes, maxBytes: MAX_PAGE_BYTES, pause: pauseOf(deadline) };
      return { ...(await readBounded(events.find(filter, options), limit, toStoredEvent, sizes)), read };
    },

    /** Returns the newest position that no failover and no restart can take back; 0 if there is no event. */
    newest: async (deadline: number): Promise<number> => (await newest(LOG, 'newest', deadline)) ?? 0,

    /** Returns a position that was the newest within about the last second. */
    recent: async (deadline: number): Promise<number> => context.recent ?? (await lastingPosition(context, deadline)),

    /**
     * Returns whether a cursor after this position can have been issued at `issueTime`. It cannot if the log is shorter, or
     * has written that position later: the cursor is then of another log, or of one that a restore took back.
     */
    hasReached: (position: number, issueTime: Date, deadline: number): Promise<boolean> =>
      hasReached(context, position, issueTime, deadline),

    /** Returns the position before the first event that was written at `time` or later, at most the newest. */
    async before(time: Date, deadline: number): Promise<number> {
      const options = { sort: { recordTime: 1, _id: 1 }, projection: { _id: 1 }, ...within(deadline) } as const;
      // Read first: an event that is written between the two reads comes after it.
      const newest = await lastingPosition(context, deadline);
      const first = await events.findOne({ recordTime: { $gte: time } }, options);
      return Math.min(first ? first._id - 1 : newest, newest);
    },

    /** Returns the time when the first event after a position was written. */
    async timeAfter(position: number, deadline: number): Promise<Date | undefined> {
      const options = { sort: { _id: 1 }, projection: { recordTime: 1 }, ...within(deadline) } as const;
      return (await events.findOne({ _id: { $gt: position } }, options))?.recordTime;
    },

    /** Takes or renews the lease on moving changes into the log. Returns whether `holder` has it. */
    lease: (holder: string, deadline: number): Promise<boolean> => lease(context, holder, deadline),

    /**
     * Deletes all events of an organization but its deletion, of which readers still have to learn. The newest event may
     * be one of them: the log first remembers its position, so that no later event gets it.
     */
    async removeAll(organizationId: string, deadline: number): Promise<void> {
      const position = await newestPosition(context, {}, deadline);
      await eventLog.updateOne({ _id: LOG }, { $max: { position } }, { upsert: true, ...within(deadline) });
      const others = { organizationId, type: { $ne: EVENT_TYPES.organizationDeleted } };
      await events.deleteMany(others, within(deadline));
    },
  };
}

function filterOf({ organizationId, organizationIds, types, resourceId, person }: EventQuery) {
  const owners = organizationId === undefined ? organizationIds : [organizationId];
  return {
    ...(owners ? { organizationId: { $in: [...owners] } } : {}),
    ...(types.length === 0 ? {} : { type: { $in: [...types] } }),
    ...(resourceId === undefined ? {} : { resourceId: { $eq: resourceId } }),
    // The index of people's acts has `complete` first; the other condition says that the index is enough.
    ...(person === undefined ? {} : { complete: { $in: [false, true] } }),
    ...(person === undefined ? {} : { 'actor.person': person === true ? { $gt: '' } : { $eq: person, $gt: '' } }),
  };
}

const hintOf = ({ person, resourceId, organizationId }: EventQuery): { hint?: string } => {
  if (resourceId !== undefined) return {};
  if (person !== undefined) return { hint: 'byPerson' };
  return organizationId === undefined ? {} : { hint: 'order' };
};

/** Returns the part of a range that one read looks at: no index serves the types of an organization's events. */
async function sliceOf(
  events: mongo.Collection<EventDocument>,
  query: EventQuery,
  range: EventRange,
  slice: number,
  deadline: number,
): Promise<EventRange> {
  const { after, upTo, isNewestFirst } = range;
  const { organizationId } = query;
  if (organizationId === undefined || query.types.length === 0 || upTo - after <= slice) return range;
  const { hint } = hintOf(query);
  if (hint !== 'order') return range;
  const condition = { organizationId, _id: { $gt: after, $lte: upTo } };
  const walk = { hint, condition, direction: isNewestFirst ? -1 : 1 } as const;
  const next = await idAfter(events, walk, slice, deadline);
  if (next === undefined) return range;
  return isNewestFirst ? { ...range, after: next } : { ...range, upTo: next - 1 };
}

/** Writes events until no other writer is faster. Only a duplicate key makes it look which ones the log has already. */
async function append(context: Context, made: readonly NewEvent[], deadline: number): Promise<void> {
  const { events, days } = context;
  let left = [...new Map(made.map((event) => [event.key, event])).values()];
  while (left.length > 0) {
    const known = context.newest && Date.now() < context.newest.until ? context.newest.position : undefined;
    const after = known ?? (await newestPosition(context, {}, deadline));
    const recordTime = new Date();
    const expireTime = new Date(recordTime.getTime() + days * DAY_MS);
    const documents = left.map((event, index) => ({ ...event, _id: after + 1 + index, recordTime, expireTime }));
    try {
      await withDuplicateKeyError(insertInOrder(events, documents, deadline));
      context.newest = { position: after + documents.length, until: Date.now() + RELIANCE_MS };
      return;
    } catch (error) {
      context.newest = undefined;
      if (!(error instanceof DuplicateKeyError)) throw error;
      await sleep(PAUSE_MS);
      left = await missing(context, left, deadline);
    }
  }
}

/** Returns those of these events that the log does not have. */
async function missing({ events }: Context, made: readonly NewEvent[], deadline: number): Promise<NewEvent[]> {
  const keys = made.map(({ key }) => key);
  // An event that a failover can still take back does not count: its change must stay in the outbox.
  const options = { projection: { _id: 0, key: 1 }, batchSize: keys.length + 1, ...MAJORITY_READ, ...within(deadline) };
  const found = await events.find<{ key: string }>({ key: { $in: keys } }, options).toArray();
  const known = new Set(found.map(({ key }) => key));
  return made.filter(({ key }) => !known.has(key));
}

/** Ordered: a failure leaves no hole before a later event. */
const insertInOrder = (events: mongo.Collection<EventDocument>, documents: EventDocument[], deadline: number) =>
  orTimeout(deadline, (maxTimeMS) => events.insertMany(documents, { ordered: true, ignoreUndefined: true, maxTimeMS }));

/** The log's own document remembers a position for the time when all events have been deleted. */
async function newestPosition({ events, eventLog }: Context, read: object, deadline: number): Promise<number> {
  const options = { sort: { _id: -1 }, projection: { _id: 1 }, ...read, ...within(deadline) } as const;
  const [last, log] = await Promise.all([
    events.findOne({}, options),
    eventLog.findOne({ _id: LOG }, { ...read, ...within(deadline) }),
  ]);
  return Math.max(last?._id ?? 0, log?.position ?? 0);
}

/**
 * Returns the newest position that no failover and no restart can take back. A single server shows events before its
 * journal has them: if it is killed then, their positions go to other events, which a reader would miss. So a write
 * waits for the journal, one for all readers of a position. A majority has journaled what a replica set shows.
 */
async function lastingPosition(context: Context, deadline: number): Promise<number> {
  const position = await newestPosition(context, MAJORITY_READ, deadline);
  if (position > context.shown.position) {
    const change = { $max: { position } };
    const inJournal = context.eventLog.updateOne({ _id: LOG }, change, { upsert: true, ...within(deadline) });
    context.shown = { position, inJournal };
    inJournal.catch(() => {
      context.shown = NOTHING_SHOWN;
    });
  }
  await context.shown.inJournal;
  return position;
}

async function hasReached(context: Context, position: number, issueTime: Date, deadline: number): Promise<boolean> {
  const { events, eventLog, recent = 0 } = context;
  if (position > recent && position > (await newestPosition(context, MAJORITY_READ, deadline))) {
    // A new primary may not know yet which events no failover can take back, and an old one may not know that it was
    // replaced. After a write, the server that answers is the primary and has all events that any reader has seen.
    await eventLog.updateOne({ _id: LOG }, { $max: { position: 0 } }, { upsert: true, ...within(deadline) });
    if (position > (await newestPosition(context, {}, deadline))) return false;
  }
  const options = { sort: { _id: -1 }, projection: { recordTime: 1 }, ...within(deadline) } as const;
  const last = await events.findOne({ _id: { $lte: position } }, options);
  return last === null || last.recordTime.getTime() <= issueTime.getTime() + CLOCKS_MS;
}

async function lease(context: Context, holder: string, deadline: number): Promise<boolean> {
  const now = new Date();
  const position = await newestPosition(context, MAJORITY_READ, deadline);
  const free = [{ leaseEndTime: { $exists: false } }, { leaseEndTime: { $lte: now } }, { holder }];
  const change = {
    $set: { holder, leaseEndTime: new Date(now.getTime() + LEASE_MS) },
    $max: { position },
  };
  try {
    const options = { upsert: true, ...within(deadline) };
    await withDuplicateKeyError(context.eventLog.updateOne({ _id: LOG, $or: free }, change, options));
    // The write has waited for the journal.
    if (position > context.shown.position) context.shown = { position, inJournal: Promise.resolve() };
    context.recent = position;
    return true;
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
    context.recent = await lastingPosition(context, deadline);
    return false;
  }
}

/** Bytes of an id in the answer, with its tag. */
const ID_BYTES = 40;

function toStoredEvent(document: EventDocument): StoredEvent {
  const { _id: position, resource, added = [], removed = [], changes = [] } = document;
  const texts = changes.reduce((sum, { before = '', after = '' }) => sum + before.length + after.length, 0);
  const bytes = (resource ? bytesOf(resource).length : 0) + texts + (added.length + removed.length) * ID_BYTES;
  return { position, bytes, event: toEvent(document) };
}
