/**
 * Changes that a caller may repeat (AIP-155): for a day, all calls with one request id have the effect of one. A claim
 * says what the request is; a mark, written with what it changes and in the same write, says whether it took effect. So
 * a userstore that dies between the two leaves no doubt.
 */
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Actor } from '../../proto/gen/userstore/v1/actor.js';
import type { Change } from '../../proto/gen/userstore/v1/change.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError, invalidField } from '../model/domain-error.js';
import type { OutboxEntry } from '../storage/directory-schemas.js';
import type { RequestDocument } from '../storage/request-schema.js';
import type { RequestStorage } from '../storage/requests.js';

/** The time for which a request id is known. */
const KEPT_MS = 86_400_000;
/**
 * The time after which no creation with a mark begins or goes on. A mark is the id of what it creates, and an id must not
 * be much older than its creation: lists and totals rely on it.
 */
const MARK_MS = 60_000;
/**
 * The time after which no write with a mark can be under way: a command that writes for several calls lasts at most as long
 * as the longest of them, two minutes, and clocks differ by at most a minute.
 */
const SETTLED_MS = MARK_MS + 180_000;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A request for a change, as callers may repeat it. */
interface Repeatable {
  organizationId: string;
  actor?: Actor | undefined;
  requestId?: string | undefined;
}

/** The generated code of a request. */
interface MessageType<Q> {
  $type: string;
  encode(message: Q): { finish(): Uint8Array };
}

/** A claim on a request: the mark for what it changes, and the sealed secret that it was made with. */
export interface Claim {
  mark: string;
  sealedSecret?: string | null | undefined;
}

/** The effect of a request. */
export interface Effect<T> {
  /** Makes the change, and writes the mark with it. Without a claim, the caller has given no request id. */
  make: (claim: Claim | undefined, deadline: number) => Promise<T>;
  /** Returns the answer to a repeated request that has taken effect: the present state. */
  again: (claim: Claim, deadline: number) => Promise<T>;
  /** For a creation, whose id is the mark: returns whether it was made, now or earlier. */
  wasCreated?: (claim: Claim, deadline: number) => Promise<boolean>;
  /** Returns a sealed secret, which the first call stores with its claim. */
  sealSecret?: () => string;
}

/** Runs a change so that it has one effect, however often its request is repeated. */
export type Once = ReturnType<typeof createOnce>;

/** Creates the run of changes that callers may repeat. */
export function createOnce(storage: RequestStorage, now: () => number = Date.now) {
  /** Returns the claim on a request. Throws REQUEST_ID_REUSED, WRITE_CONTENTION. */
  const claimOf = async <Q extends Repeatable>(
    type: MessageType<Q>,
    request: Q,
    sealSecret: (() => string) | undefined,
    deadline: number,
  ): Promise<RequestDocument> => {
    const { organizationId, actor, requestId = '' } = request;
    if (!UUID.test(requestId)) throw invalidField('request_id', 'A request id is a UUID.');
    const time = new Date(now());
    const mark = uuidv7({ msecs: time.getTime() });
    const given: RequestDocument = {
      _id: digestOf(organizationId, actor?.caller ?? '', requestId.toLowerCase()),
      organizationId,
      content: digestOf(type.$type, type.encode({ ...request, actor: undefined, requestId: undefined }).finish()),
      mark,
      time,
      expireTime: new Date(time.getTime() + KEPT_MS),
      ...(sealSecret ? { sealedSecret: sealSecret() } : {}),
    };
    const claim = await storage.claim(given, deadline);
    if (!claim) throw atWork();
    if (claim.content === given.content) return claim;
    const { ERROR_REASON_REQUEST_ID_REUSED: reason } = ErrorReason;
    throw new DomainError(reason, 'The caller has sent this request id with another content.', 'request_id');
  };

  /** Returns a claim whose mark is fresh enough to create something. Throws WRITE_CONTENTION. */
  const freshened = async (claim: RequestDocument, deadline: number): Promise<RequestDocument> => {
    const age = now() - claim.time.getTime();
    if (age <= MARK_MS) return claim;
    // A call may still be at work with the mark.
    if (age <= SETTLED_MS) throw atWork();
    const time = new Date(now());
    const renewed = await storage.renew(claim, { mark: uuidv7({ msecs: time.getTime() }), time }, deadline);
    if (!renewed) throw atWork();
    return renewed;
  };

  return async <T, Q extends Repeatable>(
    type: MessageType<Q>,
    request: Q,
    { make, again, wasCreated, sealSecret }: Effect<T>,
    deadline: number,
  ): Promise<T> => {
    if (request.requestId === undefined) return await make(undefined, deadline);
    let claim = await claimOf(type, request, sealSecret, deadline);
    if (claim.doneTime || (await wasCreated?.(claim, deadline))) return await again(claim, deadline);
    let until = deadline;
    if (wasCreated) {
      claim = await freshened(claim, deadline);
      until = Math.min(deadline, claim.time.getTime() + MARK_MS);
    }
    const result = await make(claim, until).catch(async (error: unknown) => {
      // A concurrent call may have created it, or this one, if only the answer was lost.
      if (await wasCreated?.(claim, deadline)) return await again(claim, deadline);
      throw error;
    });
    await storage.finish(claim, new Date(now()), deadline);
    return result;
  };
}

/** Returns the change with the mark of its request. */
export const marked = (change: Change, mark: string | undefined): OutboxEntry =>
  mark === undefined ? change : { ...change, mark };

const digestOf = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest('base64url');
};

/** Creates the error for a request that another call may be making. */
export const atWork = () =>
  new DomainError(
    ErrorReason.ERROR_REASON_WRITE_CONTENTION,
    'Another call with this request id may be at work; try again.',
  );
