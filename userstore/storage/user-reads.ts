/**
 * The reads of the users collection. Every query names the organization first; `deadline` (epoch milliseconds) bounds
 * every call. Callers may change the values they get.
 */
import type { mongo } from 'mongoose';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import { type Filter, Operator } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { pauseOf } from '../deadlines.js';
import { type Bounded, readBounded } from '../model/bounded-read.js';
import { type EncodedUser, encodedOf } from '../model/encoded-user.js';
import { fold } from '../model/fields.js';
import { literalFor } from '../model/filter-validation.js';
import { visibleName } from '../model/names.js';
import type { ReadMask } from '../model/read-mask.js';
import type { ChangeStorage } from './changes.js';
import { USERS } from './columns.js';
import { within } from './connect.js';
import type { Link, OutboxEntry, UserDocument } from './directory-schemas.js';
import { type AccessState, accessStateIn, FIRST_WITH_VISIBLE_NAMES, toUser } from './documents.js';
import { encodedUserOf } from './encoded-users.js';
import { toQuery } from './filter-query.js';
import { createLister, type Form, type Listing, objects, type Page } from './lists.js';
import { projectionOf } from './projection.js';
import { readTogether } from './read-together.js';
import type { Totals } from './totals.js';

/** The most users that a search by e-mail address returns. */
const MAX_WITH_ADDRESS = 100;
/** The number of last changes among which the one that disabled a user is searched. */
const MAX_HISTORY = 100;

const disables = ({ attributes }: Change): boolean =>
  attributes.some(({ name, after }) => name === 'active' && after === 'false');

/** A user with their access state and the outbox of their document, which the next write takes over. */
export interface FoundUser {
  user: User;
  version: number;
  accessState: AccessState;
  outbox: OutboxEntry[];
  /** Another user's name looks the same, as it could in earlier versions. */
  hasTwin?: boolean;
}

/** A page of users. */
export interface UserPage<U = User> extends Omit<Page<never>, 'resources'> {
  users: U[];
}

const AS_OBJECTS = objects(toUser);
const ENCODED: Form<EncodedUser> = { toResource: encodedUserOf, sizeOf: ({ bytes }) => bytes.length };

/** Returns the conditions on users for those parts of a filter that are about groups. */
export type GroupConditions = (
  organizationId: string,
  filter: Filter,
  deadline: number,
) => Promise<ReadonlyMap<Filter, Record<string, unknown>>>;

/** The collection, its totals, and the changes that tell when a user was disabled. */
interface ReadContext {
  users: mongo.Collection<UserDocument>;
  totals: Totals;
  changes: Pick<ChangeStorage, 'list'>;
}

/** Returns the reads of users. */
export function readsOf({ users, totals, changes }: ReadContext, groupsIn: GroupConditions) {
  const read = readTogether((organizationId: string, ids, deadline) => readMany(users, organizationId, ids, deadline));
  const readNamed = readTogether((organizationId: string, keys, deadline) =>
    readManyNamed(users, organizationId, keys, deadline),
  );
  const conditionOf = async (organizationId: string, filter: Filter, deadline: number) =>
    toQuery(filter, USERS, await groupsIn(organizationId, filter, deadline));
  const list = createLister(users, totals, USERS, conditionOf);
  const listNamed = async (organizationId: string, key: string, deadline: number): Promise<UserPage> => {
    const named = await readNamed(organizationId, key, deadline);
    return named ? { users: [toUser(named)], total: 1 } : { users: [], total: 0 };
  };
  return {
    /** Returns the user with this id, undefined if the organization has none. */
    async find(organizationId: string, id: string, deadline: number): Promise<FoundUser | undefined> {
      const document = await read(organizationId, id, deadline);
      return document && foundIn(document);
    },

    /** Returns those of these users that exist, in the order of their ids; fewer if they are large. */
    readSome(
      organizationId: string,
      ids: readonly string[],
      mask: ReadMask | undefined,
      deadline: number,
    ): Promise<Bounded<User>> {
      const projection = projectionOf(mask) ?? { unmoved: 0, extensionValues: 0 };
      const options = { projection, sort: { _id: 1 }, hint: 'order', ...within(deadline) } as const;
      const found = users.find({ organizationId, _id: { $in: [...ids] } }, options);
      return readBounded(found, ids.length, toUser, { pause: pauseOf(deadline) });
    },

    /** Returns the user with this id, as far as the mask names its fields. */
    async read(organizationId: string, id: string, mask: ReadMask, deadline: number): Promise<FoundUser | undefined> {
      return (await findSome(users, { organizationId, _id: id }, 1, deadline, mask))[0];
    },

    /** Returns the user who is linked to this subject. */
    findLinked: (
      organizationId: string,
      link: Link,
      deadline: number,
      mask?: ReadMask,
    ): Promise<FoundUser | undefined> =>
      findOnly(users, { organizationId, 'link.issuer': link.issuer, 'link.subject': link.subject }, deadline, mask),

    /** Returns the user with this name in any letter case. */
    findByName: (
      organizationId: string,
      userName: string,
      deadline: number,
      mask?: ReadMask,
    ): Promise<FoundUser | undefined> =>
      findOnly(users, { organizationId, userNameKey: fold(userName) }, deadline, mask),

    /** Returns at most two users with this e-mail address in any letter case. */
    findByEmail: (organizationId: string, email: string, deadline: number, mask?: ReadMask): Promise<FoundUser[]> =>
      findSome(users, { organizationId, 'emails.valueKey': fold(email) }, 2, deadline, mask),

    /** Returns the user whose name makes this one unavailable. */
    async findHolder(organizationId: string, userName: string, deadline: number): Promise<FoundUser | undefined> {
      const names = [{ userNameKey: fold(userName) }, { visibleName: visibleName(userName) }];
      return (await findSome(users, { organizationId, $or: names }, 1, deadline))[0];
    },

    /** Returns at most two users with this external id. */
    findByExternalId: (
      organizationId: string,
      externalId: string,
      deadline: number,
      mask?: ReadMask,
    ): Promise<FoundUser[]> => findSome(users, { organizationId, externalId }, 2, deadline, mask),

    /** Returns at most 101 users with this user name or e-mail address in any letter case. */
    async findByAddress(organizationId: string, address: string, deadline: number): Promise<FoundUser[]> {
      const key = fold(address);
      const named = await findSome(users, { organizationId, userNameKey: key }, 1, deadline);
      const withEmail = { organizationId, 'emails.valueKey': key };
      const mailed = await findSome(users, withEmail, MAX_WITH_ADDRESS, deadline);
      return [...named, ...mailed.filter(({ user }) => user.id !== named[0]?.user.id)];
    },

    /**
     * Returns the time of the last change that disabled a user. Undefined if it is not among the last changes, or no
     * longer stored.
     */
    async disableTime({ user, version, outbox }: FoundUser, deadline: number): Promise<Date | undefined> {
      const waiting = outbox.findLast(disables);
      if (waiting) return waiting.time;
      const key = { userId: user.id };
      const { items } = await changes.list(user.organizationId, key, version + 1, MAX_HISTORY, deadline);
      return items.find(disables)?.time;
    },

    /** Returns by id those of these users that exist, with name, `active` and access state alone. */
    async accessStates(organizationId: string, ids: readonly string[], deadline: number) {
      const projection = { organizationId: 1, userName: 1, active: 1, locked: 1, sessionEpoch: 1 };
      const query = { organizationId, _id: { $in: [...ids] } };
      const found = await users.find(query, { projection, ...within(deadline) }).toArray();
      return new Map(found.map((document) => [document._id, foundIn(document)]));
    },

    /** Returns the display names of those of these users that exist and have one, by id. */
    async displayNames(organizationId: string, ids: readonly string[], deadline: number): Promise<Map<string, string>> {
      const query = { organizationId, _id: { $in: [...ids] }, displayName: { $exists: true } };
      const found = await users.find(query, { projection: { displayName: 1 }, ...within(deadline) }).toArray();
      return new Map(found.map(({ _id, displayName = '' }) => [_id, displayName]));
    },

    /** Returns a page of users. Throws FILTER_UNSUPPORTED, ORDER_UNSUPPORTED, PAGE_TOKEN_INVALID, LIST_TOO_COSTLY, LISTS_TOO_MANY. */
    async list(organizationId: string, listing: Listing, deadline: number): Promise<UserPage> {
      const key = nameKeyIn(listing);
      if (key !== undefined) return await listNamed(organizationId, key, deadline);
      const { resources: users, ...page } = await list(organizationId, listing, AS_OBJECTS, deadline);
      return { users, ...page };
    },

    /** Returns the same with whole users, encoded. */
    async listEncoded(organizationId: string, listing: Listing, deadline: number): Promise<UserPage<EncodedUser>> {
      const key = nameKeyIn(listing);
      if (key !== undefined) {
        const { users, total } = await listNamed(organizationId, key, deadline);
        return { users: users.map(encodedOf), total };
      }
      const { resources: users, ...page } = await list(organizationId, listing, ENCODED, deadline);
      return { users, ...page };
    },
  };
}

const foundIn = (document: UserDocument): FoundUser => {
  const { version, unmoved: outbox = [] } = document;
  const hasTwin = document.layout >= FIRST_WITH_VISIBLE_NAMES && document.visibleName === undefined;
  return { user: toUser(document), version, accessState: accessStateIn(document), outbox, hasTwin };
};

/** Returns users by id. A single one is read by the cheaper command. */
async function readMany(
  users: mongo.Collection<UserDocument>,
  organizationId: string,
  ids: readonly string[],
  deadline: number,
): Promise<Map<string, UserDocument>> {
  const [only = ''] = ids;
  const query = { organizationId, _id: ids.length === 1 ? only : { $in: [...ids] } };
  const found = await users.find(query, { batchSize: ids.length + 1, ...within(deadline) }).toArray();
  return new Map(found.map((document) => [document._id, document]));
}

/** Returns users by folded name. */
async function readManyNamed(
  users: mongo.Collection<UserDocument>,
  organizationId: string,
  keys: readonly string[],
  deadline: number,
): Promise<Map<string, UserDocument>> {
  const query = { organizationId, userNameKey: { $in: [...keys] } };
  const found = await users.find(query, { batchSize: keys.length + 1, ...within(deadline) }).toArray();
  return new Map(found.map((document) => [document.userNameKey, document]));
}

/**
 * Returns the folded name if a listing asks for the user with one name, as identity providers do before most changes. A
 * name is unique, so there is no order and no second page.
 */
function nameKeyIn({ filter, order, skip = 0, pageToken, limit }: Listing): string | undefined {
  const expression = filter?.expression;
  if (expression?.$case !== 'comparison' || order || skip > 0 || pageToken !== undefined || limit === 0)
    return undefined;
  const { field, operator } = expression.value;
  if (field !== 'user_name' || operator !== Operator.OPERATOR_EQUAL) return undefined;
  return fold(literalFor(expression.value, 'text'));
}

async function findSome(
  users: mongo.Collection<UserDocument>,
  query: mongo.Filter<UserDocument>,
  limit: number,
  deadline: number,
  mask?: ReadMask,
): Promise<FoundUser[]> {
  return (await users.find(query, { limit, ...masking(mask), ...within(deadline) }).toArray()).map(foundIn);
}

/** The option that reads only what the mask names, and the link. */
const masking = (mask: ReadMask | undefined) => {
  const projection = projectionOf(mask, 'link');
  return projection ? { projection } : {};
};

/** Returns the user that the query finds, undefined if it finds several. */
async function findOnly(
  users: mongo.Collection<UserDocument>,
  query: mongo.Filter<UserDocument>,
  deadline: number,
  mask?: ReadMask,
): Promise<FoundUser | undefined> {
  const [found, another] = await findSome(users, query, 2, deadline, mask);
  return another ? undefined : found;
}
