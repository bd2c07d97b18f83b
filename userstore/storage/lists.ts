/** Lists of users or groups in pages: by page token, or by the number to skip. */
import { mongo } from 'mongoose';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { Order } from '../../proto/gen/userstore/v1/user_service.js';
import { pauseOf } from '../deadlines.js';
import { bytesOf, readBounded } from '../model/bounded-read.js';
import { pageTokenOf, positionIn } from '../model/paging.js';
import type { ReadMask } from '../model/read-mask.js';
import type { Listed } from './columns.js';
import { within } from './connect.js';
import type { StoredDocument } from './directory-schemas.js';
import { killable } from './killable.js';
import { identityOf } from './list-identity.js';
import { orderingOf, type Row } from './orders.js';
import { createPositionCache } from './positions.js';
import { createScans, isSelective } from './scans.js';
import type { Totals } from './totals.js';

/** A request for a page of a list: it starts at the page token if given, else after the first `skip`. */
export interface Listing {
  filter?: Filter | undefined;
  /** Absent: by id, which is the order of creation. */
  order?: Order | undefined;
  skip?: number;
  pageToken?: string | undefined;
  /** The fields that the caller wants. A resource that is read has at least these. */
  mask?: ReadMask | undefined;
  /** The most documents to return; 0 returns the total alone. */
  limit: number;
}

/** The most bytes of the resources of a page: its reader decodes a message in one turn of the event loop. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** A page, the number of all that match, and the token of the next page unless this is the last. */
export interface Page<R> {
  resources: R[];
  total: number;
  nextPageToken?: string;
  /** Returns the token of the page after the first `count` resources of this one; absent if it has none. */
  tokenAfter?: (count: number) => string;
}

/** How a document in BSON becomes a resource, and the bytes of the resource in an answer. */
export interface Form<R> {
  toResource: (document: Buffer) => R;
  sizeOf: (resource: R) => number;
}

/** Returns the form of resources as objects. */
export const objects = <D extends object, R>(toResource: (document: D) => R): Form<R> => ({
  toResource: (document) => toResource(mongo.BSON.deserialize(document) as D),
  sizeOf: bytesOf,
});

/** Returns the condition on documents that a filter means in an organization. Throws FILTER_UNSUPPORTED. */
type ConditionOf = (organizationId: string, filter: Filter, deadline: number) => Promise<Record<string, unknown>>;

/** The number of keys before a page from which on it counts as a list that may read all. */
const FAR = 20_000;

/** Creates the lists of a collection. */
export function createLister<D extends StoredDocument>(
  collection: mongo.Collection<D>,
  totals: Totals,
  listed: Listed,
  conditionOf: ConditionOf,
) {
  const positions = createPositionCache();
  const scans = createScans((until) =>
    collection.db.command({ ping: 1 }, within(until)).then(
      () => true,
      () => false,
    ),
  );

  /**
   * Returns a page of documents in the form of `as`. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID,
   * LIST_TOO_COSTLY, LISTS_TOO_MANY.
   */
  return <R>(organizationId: string, listing: Listing, as: Form<R>, deadline: number): Promise<Page<R>> => {
    const read = (until: number) =>
      killable(collection.db, until, (session) =>
        readList(organizationId, listing, as, session ? { session } : {}, until),
      );
    return mayReadAll(organizationId, listing) ? scans.run(organizationId, deadline, read) : read(deadline);
  };

  /** Returns whether the database may have to read all users or groups of the organization, or nearly all of their keys. */
  function mayReadAll(organizationId: string, { filter, order, skip = 0, pageToken }: Listing): boolean {
    if (filter) return !isSelective(filter);
    if (order && !listed.indexed.has(order.field)) return true;
    if (pageToken !== undefined || skip < FAR) return false;
    return positions.startOf(`${organizationId} ${identityOf(filter, order)}`, skip).skip >= FAR;
  }

  async function readList<R>(
    organizationId: string,
    listing: Listing,
    { toResource, sizeOf }: Form<R>,
    session: { session?: mongo.ClientSession },
    deadline: number,
  ): Promise<Page<R>> {
    const { filter, order, skip = 0, pageToken, mask, limit } = listing;
    const ordering = orderingOf(order, listed);
    const query = filter
      ? { organizationId, $and: [await conditionOf(organizationId, filter, deadline)] }
      : { organizationId };
    const identity = identityOf(filter, order);
    const list = `${organizationId} ${identity}`;
    const start =
      pageToken === undefined
        ? positions.startOf(list, skip)
        : { after: positionIn(pageToken, identity, ordering.kinds), skip: 0 };

    // One more than the limit tells whether there is a next page.
    const found = limit === 0 ? [] : ordering.read({ collection, query, mask, session }, start, limit + 1, deadline);
    const toItem = ({ document, position }: Row) => ({ resource: toResource(document), position });
    const { items, hasMore: hasNext } = await readBounded(found, limit, toItem, {
      sizeOf: ({ resource }) => sizeOf(resource),
      maxBytes: MAX_PAGE_BYTES,
      pause: pauseOf(deadline),
    });
    const resources = items.map(({ resource }) => resource);
    const end = items.at(-1)?.position();
    const passed = resources.length + (pageToken === undefined ? skip : 0);
    if (end && pageToken === undefined) positions.reached(list, passed, end);

    // A list that was read from its first element to its last is counted.
    const isCounted = !hasNext && !start.after && (resources.length > 0 || (skip === 0 && limit > 0));
    const least = resources.length === 0 ? 0 : hasNext ? passed + 1 : passed;
    const count = () =>
      filter
        ? totals.matching(organizationId, identity, query, session, deadline)
        : totals.all(organizationId, deadline);
    let total = isCounted ? passed : Math.max(await count(), least);
    // Nothing is beyond the end: a client that reads on until it has the total must not wait for a remembered one.
    if (resources.length === 0 && limit > 0 && pageToken === undefined && skip < total) {
      totals.removed(organizationId);
      total = Math.min(await count(), skip);
    }
    const tokenAfter = (length: number) => pageTokenOf(identity, items[length - 1]?.position() ?? []);
    if (items.length === 0) return { resources, total };
    return { resources, total, tokenAfter, ...(hasNext ? { nextPageToken: tokenAfter(items.length) } : {}) };
  }
}
