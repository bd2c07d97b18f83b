/**
 * An informer: a copy of an organization's users in memory that follows userstore. It lists, then watches, and lists again
 * if its cursor has expired.
 */
import type { Event } from '../proto/gen/userstore/v1/event.js';
import { ListEventsRequest, WatchEventsRequest } from '../proto/gen/userstore/v1/event_service.js';
import type { User } from '../proto/gen/userstore/v1/user.js';
import { ListUsersRequest } from '../proto/gen/userstore/v1/user_service.js';
import { CONTRACT } from './contract.js';
import { UserstoreError } from './errors.js';
import type { MirrorStore, Step } from './mirror-store.js';
import type { Transport } from './transport.js';
import { createPause, isPassing, watchOnce } from './watch.js';

const USERS_PER_PAGE = 200;
const EVENTS_PER_PAGE = 1000;
/** Userstore sends a message every 10 seconds; a stream that is silent for longer may be dead. */
const SILENT_MS = 15_000;

/** A field that a mirror can hold: events do not have the others, which are about groups and other users. */
export type MirroredField = Exclude<keyof User, 'groups' | 'managerDisplayName'>;
/** A user as a mirror holds it: always with id and etag. */
export type Mirrored<Field extends MirroredField> = Pick<User, 'id' | 'etag' | Field>;

/** A user that joined (no `before`), changed, or left (no `after`). */
export interface MirrorChange<Field extends MirroredField> {
  before: Mirrored<Field> | undefined;
  after: Mirrored<Field> | undefined;
}

/** The users to mirror. */
export interface MirrorOptions<Field extends MirroredField> {
  organizationId: string;
  /** The fields to hold, such as `['userName', 'active']`. Default: all that events have. */
  fields?: readonly Field[] | undefined;
  /** Keeps the mirror over restarts. */
  store?: MirrorStore | undefined;
  /** Called with each change, after the mirror has it; at first with every user that the store did not have. */
  onChange?: ((change: MirrorChange<Field>) => void) | undefined;
}

/** The users of an organization, in memory. */
export class Mirror<Field extends MirroredField> {
  /**
   * Resolves when the mirror first has everything that userstore had. Rejects with UserstoreError if userstore refuses
   * the mirror. Later failures do not end the mirror: `problem` and `lagMs` tell them.
   */
  readonly synced: Promise<void>;
  readonly #transport: Transport;
  readonly #options: MirrorOptions<Field>;
  readonly #of: string;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #users = new Map<string, Mirrored<Field>>();
  #cursor: string | undefined;
  /** When the mirror last had everything, and when it last heard of userstore: epoch milliseconds. */
  #currentAt: number | undefined;
  #heardAt = 0;
  #isFollowing = false;
  #isStoreWhole = false;
  #problem: Error | undefined;

  constructor(transport: Transport, options: MirrorOptions<Field>) {
    this.#transport = transport;
    this.#options = options;
    this.#of = JSON.stringify([options.organizationId, options.fields ?? null]);
    const { promise, resolve, reject } = promiseOf();
    this.synced = promise;
    // A service that does not wait must not end by it.
    promise.catch(() => undefined);
    this.#ended = this.#run(resolve).catch(reject);
  }

  /** Returns the user; undefined if there is none, or before the first sync without a store. */
  get(userId: string): Mirrored<Field> | undefined {
    return this.#users.get(userId);
  }

  /** Returns the users, in no order. */
  users(): IterableIterator<Mirrored<Field>> {
    return this.#users.values();
  }

  get size(): number {
    return this.#users.size;
  }

  /**
   * The milliseconds since the mirror last had everything: 0 while it follows userstore, which takes about 0.1 s for each
   * change. Undefined before the first sync.
   */
  get lagMs(): number | undefined {
    if (this.#currentAt === undefined) return undefined;
    const since = this.#isFollowing ? this.#heardAt : this.#currentAt;
    const silence = Date.now() - since;
    return this.#isFollowing && silence < SILENT_MS ? 0 : silence;
  }

  /** The last failure; undefined while the mirror follows userstore. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Ends the mirror; what it holds stays readable. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #run(synced: () => void): Promise<void> {
    const { signal } = this.#closing;
    const pause = createPause(signal);
    await this.#restore();
    while (!signal.aborted) {
      try {
        if (this.#cursor === undefined) await this.#list();
        else await this.#read(this.#cursor, (events, cursor) => this.#take(events, cursor));
        this.#isCurrent();
        synced();
        for await (const { events, checkpoint } of watchOnce(this.#transport, this.#watchRequest(), signal)) {
          pause.reset();
          await this.#take(events, checkpoint);
          this.#isCurrent();
        }
      } catch (error) {
        this.#problem = error as Error;
        const mustList = error instanceof UserstoreError && /^EVENT_CURSOR_/.test(error.reason ?? '');
        if (mustList) this.#cursor = undefined;
        else if (this.#currentAt === undefined && !isPassing(error, false)) throw error;
      }
      this.#isFollowing = false;
      await pause();
    }
    if (this.#currentAt === undefined) throw new Error('the mirror was closed before it was synced');
  }

  #isCurrent(): void {
    this.#currentAt = this.#heardAt = Date.now();
    this.#isFollowing = true;
    this.#problem = undefined;
  }

  async #restore(): Promise<void> {
    // What cannot be read is listed again.
    const kept = await this.#options.store?.load().catch(() => undefined);
    if (kept?.of !== this.#of) return;
    for (const user of kept.users) this.#users.set(user.id, this.#mirrored(user as User));
    this.#cursor = kept.cursor;
    this.#isStoreWhole = true;
  }

  /** Lists all users, and reads what changed meanwhile, beside what the mirror holds; then replaces that. */
  async #list(): Promise<void> {
    const listed = new Map<string, Mirrored<Field>>();
    const { organizationId, fields } = this.#options;
    const readMask = fields && ['etag', ...fields.map(contractName)];
    let cursor: string | undefined;
    let pageToken: string | undefined;
    do {
      const request = ListUsersRequest.fromPartial({ organizationId, pageSize: USERS_PER_PAGE, pageToken, readMask });
      const page = await this.#persistently(() => this.#transport.unary(CONTRACT.listUsers, request));
      cursor ??= page.eventCursor;
      for (const user of page.users) listed.set(user.id, this.#mirrored(user));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    const current = await this.#read(cursor, (events) => {
      for (const event of events) this.#apply(listed, event);
    });
    const before = this.#users;
    this.#users = listed;
    this.#cursor = current;
    this.#isStoreWhole = false;
    await this.#keep({ cursor: current, put: [], removed: [] });
    for (const [id, after] of listed) if (before.get(id)?.etag !== after.etag) this.#tell(before.get(id), after);
    for (const [id, user] of before) if (!listed.has(id)) this.#tell(user, undefined);
  }

  /** Reads the events after a cursor until there are no more; returns the cursor after them. */
  async #read(after: string, take: (events: Event[], cursor: string) => Promise<void> | void): Promise<string> {
    const { organizationId } = this.#options;
    for (let cursor = after; ; ) {
      const request = ListEventsRequest.fromPartial({ organizationId, cursor, pageSize: EVENTS_PER_PAGE });
      const page = await this.#persistently(() => this.#transport.unary(CONTRACT.listEvents, request));
      await take(page.events, page.checkpoint);
      cursor = page.checkpoint;
      if (!page.hasMore) return cursor;
    }
  }

  #watchRequest(): WatchEventsRequest {
    const { organizationId } = this.#options;
    return WatchEventsRequest.fromPartial({ organizationId, cursor: this.#cursor });
  }

  /** Applies events to the mirror, keeps the step, and tells the changes. */
  async #take(events: Event[], cursor: string): Promise<void> {
    const changes = events.flatMap((event) => this.#apply(this.#users, event) ?? []);
    this.#cursor = cursor;
    const changed = new Set(changes.map(({ before, after }) => (after ?? before)?.id ?? ''));
    const put = [...changed].flatMap((id) => this.#users.get(id) ?? []);
    await this.#keep({ cursor, put, removed: [...changed].filter((id) => !this.#users.has(id)) });
    for (const { before, after } of changes) this.#tell(before, after);
  }

  /** Applies an event; returns the change, undefined if the mirror has this version or a later one. */
  #apply(users: Map<string, Mirrored<Field>>, event: Event): MirrorChange<Field> | undefined {
    const { resourceType, resourceId, resourceVersion, resource } = event;
    if (resourceType !== 'User') return undefined;
    const before = users.get(resourceId);
    if (before && resourceVersion <= versionIn(before.etag)) return undefined;
    const after = resource?.$case === 'user' ? this.#mirrored(resource.value) : undefined;
    if (after) users.set(resourceId, after);
    else users.delete(resourceId);
    return before || after ? { before, after } : undefined;
  }

  /** Keeps a step; all, if an earlier step could not be kept. */
  async #keep(step: Step): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    const current = () => ({ of: this.#of, cursor: step.cursor, users: this.#users.values() });
    const wasWhole = this.#isStoreWhole;
    this.#isStoreWhole = false;
    await (wasWhole ? store.append(step, current) : store.replace(current()));
    this.#isStoreWhole = true;
  }

  #tell(before: Mirrored<Field> | undefined, after: Mirrored<Field> | undefined): void {
    try {
      this.#options.onChange?.({ before, after });
    } catch (error) {
      // The fault of the listener is not the mirror's: it ends up where its other uncaught errors do.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #mirrored(user: User): Mirrored<Field> {
    const { fields } = this.#options;
    const { groups: _, managerDisplayName: __, ...all } = user;
    if (!fields) return all as unknown as Mirrored<Field>;
    const some: Partial<User> = { id: user.id, etag: user.etag };
    for (const field of fields) Object.assign(some, { [field]: user[field] });
    return some as Mirrored<Field>;
  }

  /** Repeats a call until it succeeds. Throws UserstoreError if it cannot, and when the mirror is closed. */
  async #persistently<Response>(call: () => Promise<Response>): Promise<Response> {
    const { signal } = this.#closing;
    const pause = createPause(signal);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted || !isPassing(error, false)) throw error;
        this.#isFollowing = false;
        this.#problem = error as Error;
        await pause();
      }
    }
  }
}

/** Returns the version in an etag: 7 for W/"7". */
const versionIn = (etag: string): number => Number(/\d+/.exec(etag)?.[0] ?? 0);

/** Returns the contract's name of a field: "user_name" for "userName". */
const contractName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function promiseOf() {
  let [resolve, reject]: [() => void, (error: unknown) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((accept, refuse) => {
    [resolve, reject] = [accept, refuse];
  });
  return { promise, resolve, reject };
}
