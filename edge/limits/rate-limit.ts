/**
 * The rate limit of each organization. All edges share one limit, which userstore keeps: an edge acquires permits in
 * batches of a fraction of a second's worth, so that most requests cost nothing but a counter in memory. 429 is also
 * the answer of admission.ts (too many requests at once), of token-guessing.ts (too many invalid tokens), and of lists
 * that userstore has no turn for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { UserstoreError } from '../../client/errors.js';
import type { EdgeMetrics } from '../metrics.js';
import { localsOf, type Principal, principalOf } from '../request-context.js';
import { signalOf } from '../request-work.js';
import { ScimError } from '../scim/scim-error.js';
import type { StoreClient } from '../store-client.js';
import { createSampler } from './sampler.js';

/**
 * Unused permits expire after this time, so that no edge hoards them. It is long enough for a quiet organization, which
 * would otherwise acquire a batch for nearly every request.
 */
const PERMIT_MS = 60_000;
/**
 * Permits of another rate limit are valid for this time: requests with different tokens see a change at different times.
 * So are those that the edge grants itself because userstore is unavailable.
 */
const SHORT_PERMIT_MS = 5000;
/** Permits of one batch. Userstore grants fewer if that is the fair part of the limit. */
const BATCH = 50;
/** For this time after a refusal, the edge spaces an organization's requests evenly: a burst would slow the others. */
const PACED_MS = 5000;
/** A paced request that would wait longer is refused. */
const MAX_WAIT_MS = 1000;
/**
 * A refusal is delayed by this time up to twice as much, at random so that not all clients retry at once. A client that
 * ignores Retry-After is thereby limited by its number of connections.
 */
const REFUSAL_MS = 500;
/** An organization has at most this number of refusals a second: those beyond wait longer, up to the given time. */
const REFUSALS_PER_SECOND = 100;
const MAX_REFUSAL_MS = 5000;
const MAX_ORGANIZATIONS = 10_000;

/** The permits of one organization at this edge. All times are epoch milliseconds. */
interface Permits {
  available: number;
  /** When the last batch was acquired. */
  acquiredAt: number;
  /** The size of the last batch. */
  granted: number;
  /** The rate limit when the last batch was acquired, in requests a second. */
  perSecond: number;
  /** No permits can be acquired before this time. */
  refusedUntil: number;
  /** Requests are spaced until this time; the next may pass at `nextAt`. */
  pacedUntil: number;
  nextAt: number;
  /** The turn of the last refusal. */
  refusedAt: number;
  /** The edge granted the last batch itself, because userstore was unavailable. */
  isUnchecked: boolean;
  /** The call in progress that acquires permits. */
  acquiring: Promise<void> | undefined;
}

/** A refusal, and the time after which it is sent. */
interface Refusal {
  error: ScimError;
  delayMs: number;
}

/** The dependencies of `takePermit`. */
export interface RateLimiter {
  store: Pick<StoreClient, 'acquirePermits'>;
  metrics: Pick<EdgeMetrics, 'limitDecision' | 'permitsFetched'>;
  organizations: LRUCache<string, Permits>;
  isSampledOut: (organizationId: string) => boolean;
}

/** The rate limit of one edge. */
export type RateLimit = ReturnType<typeof createRateLimit>;

/** Creates the rate limit of one edge. */
export function createRateLimit(store: RateLimiter['store'], metrics: RateLimiter['metrics']) {
  const organizations = new LRUCache<string, Permits>({ max: MAX_ORGANIZATIONS });
  const limiter = { store, metrics, organizations, isSampledOut: createSampler() };
  /** The handler that requires a permit for each authenticated request; 429 with Retry-After otherwise. */
  const enforce: RequestHandler = async (_request, response, next) => {
    await takePermit(limiter, response);
    if (!response.closed) next();
  };
  return {
    enforce,
    /**
     * Waits for a permit for a further operation of a request until the deadline (epoch milliseconds). Throws ScimError
     * (429) if there is none by then.
     */
    takeLater: (response: Response, deadline: number) => takeLater(limiter, response, deadline),
    /** Returns the time until the turn of a request of the organization if it is so long that `enforce` refuses it. */
    waitIfRefused: (organizationId: string): number | undefined => {
      const { pacedUntil, nextAt } = organizations.get(organizationId) ?? { pacedUntil: 0, nextAt: 0 };
      const now = Date.now();
      return now < pacedUntil && nextAt - now > MAX_WAIT_MS ? nextAt - now : undefined;
    },
    /** Returns the refusal of a request and the delay after which it is sent. Extends the pacing of the organization. */
    refusal: (principal: Principal, retryAfterMs: number): Refusal =>
      refusalOf(limiter, permitsOf(limiter, principal.organizationId), principal, retryAfterMs),
  };
}

async function takeLater(limiter: RateLimiter, response: Response, deadline: number): Promise<void> {
  const principal = principalOf(response);
  const permits = permitsOf(limiter, principal.organizationId);
  const signal = signalOf(response);
  const perSecond = perSecondOf(principal.settings);
  while (!takeAvailable(permits, perSecond)) {
    signal.throwIfAborted();
    const wait = permits.refusedUntil - Date.now();
    if (Date.now() + Math.max(wait, 0) > deadline) throw tooMany(perSecond, wait);
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
    else await acquireOnce(limiter, permits, principal, localsOf(response).requestId);
  }
  limiter.metrics.limitDecision(permits.isUnchecked ? 'unchecked' : 'allowed');
}

/** Takes a permit for an authenticated request, after a delay if its organization is paced. Throws ScimError (429). */
async function takePermit(limiter: RateLimiter, response: Response): Promise<void> {
  const principal = principalOf(response);
  const { requestId } = localsOf(response);
  const perSecond = perSecondOf(principal.settings);
  const permits = permitsOf(limiter, principal.organizationId);
  if (Date.now() < permits.pacedUntil) {
    const wait = Math.max(permits.nextAt - Date.now(), 0);
    if (wait > MAX_WAIT_MS) return await refuse(limiter, permits, response, wait);
    permits.nextAt = Date.now() + wait + 1000 / perSecond;
    await sleep(wait);
  }
  while (!takeAvailable(permits, perSecond)) {
    const wait = permits.refusedUntil - Date.now();
    if (wait > 0) return await refuse(limiter, permits, response, wait);
    await acquireOnce(limiter, permits, principal, requestId);
  }
  // Acquires the next batch early, so that the next requests need not wait for it.
  if (permits.available <= permits.granted / 2) {
    acquireOnce(limiter, permits, principal, requestId).catch(() => undefined);
  }
  limiter.metrics.limitDecision(permits.isUnchecked ? 'unchecked' : 'allowed');
}

function permitsOf({ organizations }: RateLimiter, organizationId: string): Permits {
  const known = organizations.get(organizationId);
  if (known) return known;
  const permits: Permits = {
    available: 0,
    acquiredAt: 0,
    granted: 0,
    perSecond: 0,
    refusedUntil: 0,
    pacedUntil: 0,
    nextAt: 0,
    refusedAt: 0,
    isUnchecked: false,
    acquiring: undefined,
  };
  organizations.set(organizationId, permits);
  return permits;
}

/** Starts pacing the organization, delays the refusal, and throws it. */
async function refuse(
  limiter: RateLimiter,
  permits: Permits,
  response: Response,
  retryAfterMs: number,
): Promise<never> {
  const principal = principalOf(response);
  const { error, delayMs } = refusalOf(limiter, permits, principal, retryAfterMs);
  localsOf(response).isSampledOut = limiter.isSampledOut(principal.organizationId);
  await sleep(delayMs);
  throw error;
}

/** Starts pacing the organization, and returns the refusal. */
function refusalOf({ metrics }: RateLimiter, permits: Permits, { settings }: Principal, retryAfterMs: number): Refusal {
  const now = Date.now();
  permits.pacedUntil = now + PACED_MS;
  permits.refusedAt = Math.min(Math.max(now, permits.refusedAt + 1000 / REFUSALS_PER_SECOND), now + MAX_REFUSAL_MS);
  metrics.limitDecision('refused');
  const delayMs = REFUSAL_MS * (1 + Math.random()) + permits.refusedAt - now;
  return { error: tooMany(perSecondOf(settings), retryAfterMs), delayMs };
}

/** Acquires a batch; requests that need one meanwhile share the call. */
function acquireOnce(limiter: RateLimiter, permits: Permits, principal: Principal, requestId: string): Promise<void> {
  permits.acquiring ??= acquire(limiter, permits, principal, requestId).finally(() => {
    permits.acquiring = undefined;
  });
  return permits.acquiring;
}

async function acquire(
  { store, metrics }: RateLimiter,
  permits: Permits,
  { organizationId, settings }: Principal,
  requestId: string,
): Promise<void> {
  const perSecond = perSecondOf(settings);
  try {
    const { granted, retryAfterMs } = await store.acquirePermits({ organizationId, count: BATCH }, requestId);
    metrics.permitsFetched(granted);
    if (granted > 0) add(permits, { granted, perSecond, isUnchecked: false });
    else permits.refusedUntil = Date.now() + retryAfterMs;
  } catch (error) {
    // Without userstore no request gets far, and its own call reports that.
    if (!(error instanceof UserstoreError)) throw error;
    add(permits, { granted: BATCH, perSecond, isUnchecked: true });
  }
}

function add(permits: Permits, batch: Pick<Permits, 'granted' | 'perSecond' | 'isUnchecked'>): void {
  const remaining = isValid(permits, batch.perSecond) ? permits.available : 0;
  Object.assign(permits, { ...batch, available: remaining + batch.granted, acquiredAt: Date.now() });
}

function takeAvailable(permits: Permits, perSecond: number): boolean {
  if (permits.available === 0 || !isValid(permits, perSecond)) return false;
  permits.available--;
  return true;
}

function isValid(permits: Permits, perSecond: number): boolean {
  const isOfLimit = permits.perSecond === perSecond && !permits.isUnchecked;
  return Date.now() <= permits.acquiredAt + (isOfLimit ? PERMIT_MS : SHORT_PERMIT_MS);
}

const perSecondOf = ({ rateLimit }: Principal['settings']) => rateLimit?.perSecond ?? 1;

/** Returns the refusal. Okta understands a Retry-After in whole seconds only. */
const tooMany = (perSecond: number, ms: number) =>
  new ScimError(
    429,
    undefined,
    `Too many requests: this organization may send ${perSecond} a second. Okta tries again by itself.`,
    { 'Retry-After': String(Math.max(Math.ceil(ms / 1000), 1)) },
  );
