/**
 * How many requests an organization may send. An edge takes permits out of the organization's budget, which all edges
 * share, some fraction of a second's worth at a time: most requests cost nothing but a number in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { principalOf } from '../auth.js';
import type { EdgeMetrics } from '../metrics.js';
import { localsOf } from '../request-log.js';
import { ScimError } from '../scim/scim-error.js';
import { type StoreClient, StoreError } from '../store-client.js';
import { createSampler } from './sampler.js';

/** In milliseconds: permits that are not used by then are lost, so that no edge hoards them. */
const PERMIT_MS = 5000;
/** Userstore grants as many of them as are a fair part of the budget. */
const MOST_PERMITS = 50;
/**
 * Requests of an organization that has been refused something within so many milliseconds are let through one by one,
 * evenly over the second, and wait for it: what it sent all at once others would feel.
 */
const PACED_MS = 5000;
/** None waits longer, in milliseconds. */
const LONGEST_WAIT_MS = 1000;
/**
 * In milliseconds, and up to twice as many so that not all come at once: refusals are held back, so that who asks again as
 * soon as he is answered does not ask more often than he has connections. What an edge takes on of an organization at a
 * time (admission.ts) is the end of it.
 */
const REFUSAL_MS = 500;
const MAX_ORGANIZATIONS = 10_000;

/** What an edge holds of an organization's budget. */
interface Held {
  permits: number;
  /** Until when they are good, in epoch milliseconds. */
  until: number;
  /** How many there were at the last time. */
  granted: number;
  /** Until when there are none. */
  refusedUntil: number;
  /** Until when its requests are let through one by one, and when the next one may be. */
  pacedUntil: number;
  nextAt: number;
  /** Whether they are the edge's own, for want of a userstore. */
  isUnchecked: boolean;
  acquiring: Promise<void> | undefined;
}

/** Requires a permit for each request of an authenticated organization; 429 with Retry-After otherwise. */
export function enforceRateLimit(
  store: StoreClient,
  metrics: Pick<EdgeMetrics, 'limitDecision' | 'permitsFetched'>,
): RequestHandler {
  const organizations = new LRUCache<string, Held>({ max: MAX_ORGANIZATIONS });
  const isOneOfMany = createSampler();

  const heldOf = (organizationId: string): Held => {
    const known = organizations.get(organizationId);
    if (known) return known;
    const none = { permits: 0, until: 0, granted: 0, refusedUntil: 0, pacedUntil: 0, nextAt: 0 };
    const held: Held = { ...none, isUnchecked: false, acquiring: undefined };
    organizations.set(organizationId, held);
    return held;
  };

  async function acquire(held: Held, organizationId: string, requestId: string): Promise<void> {
    try {
      const { granted, retryAfterMs } = await store.acquirePermits({ organizationId, count: MOST_PERMITS }, requestId);
      metrics.permitsFetched(granted);
      held.isUnchecked = false;
      if (granted > 0) add(held, granted);
      else held.refusedUntil = Date.now() + retryAfterMs;
    } catch (error) {
      // Without userstore no request gets far: it says so itself.
      if (!(error instanceof StoreError)) throw error;
      add(held, MOST_PERMITS);
      held.isUnchecked = true;
    }
  }

  /** Fetches permits, once for all who want some meanwhile. */
  const acquired = (held: Held, organizationId: string, requestId: string): Promise<void> => {
    held.acquiring ??= acquire(held, organizationId, requestId).finally(() => {
      held.acquiring = undefined;
    });
    return held.acquiring;
  };

  return async (_request, response, next) => {
    const { organizationId, settings } = principalOf(response);
    const perSecond = settings.rateLimit?.perSecond ?? 1;
    const held = heldOf(organizationId);
    const refuse = async (ms: number): Promise<never> => {
      held.pacedUntil = Date.now() + PACED_MS;
      localsOf(response).isOneOfMany = isOneOfMany(organizationId);
      metrics.limitDecision('refused');
      await sleep(REFUSAL_MS * (1 + Math.random()));
      throw tooMany(perSecond, ms);
    };

    if (Date.now() < held.pacedUntil) {
      const wait = Math.max(held.nextAt - Date.now(), 0);
      if (wait > LONGEST_WAIT_MS) await refuse(wait);
      held.nextAt = Date.now() + wait + 1000 / perSecond;
      await sleep(wait);
    }
    while (!takesPermit(held)) {
      if (Date.now() < held.refusedUntil) await refuse(held.refusedUntil - Date.now());
      await acquired(held, organizationId, localsOf(response).requestId);
    }
    // Before the last one is gone, so that the next requests need not wait.
    if (held.permits <= held.granted / 2) {
      acquired(held, organizationId, localsOf(response).requestId).catch(() => undefined);
    }
    metrics.limitDecision(held.isUnchecked ? 'unchecked' : 'allowed');
    next();
  };
}

function add(held: Held, granted: number): void {
  const left = Date.now() > held.until ? 0 : held.permits;
  Object.assign(held, { permits: left + granted, granted, until: Date.now() + PERMIT_MS });
}

function takesPermit(held: Held): boolean {
  if (held.permits === 0 || Date.now() > held.until) return false;
  held.permits--;
  return true;
}

/** Okta understands whole seconds only. */
const tooMany = (perSecond: number, ms: number) =>
  new ScimError(
    429,
    undefined,
    `Too many requests: this organization may send ${perSecond} a second. Okta tries again by itself.`,
    { 'Retry-After': String(Math.max(Math.ceil(ms / 1000), 1)) },
  );
