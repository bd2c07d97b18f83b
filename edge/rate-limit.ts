/**
 * How many requests an organization may send. An edge takes permits out of the organization's budget, which all edges
 * share, some fraction of a second's worth at a time: most requests cost nothing but a number in memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import { LRUCache } from 'lru-cache';
import { principalOf } from './auth.js';
import type { EdgeMetrics } from './metrics.js';
import { localsOf } from './request-log.js';
import { sampler } from './sampler.js';
import { ScimError } from './scim/errors.js';
import { type StoreClient, StoreFailure } from './store-client.js';

/** In milliseconds: permits that are not used by then are lost, so that no edge hoards them. */
const PERMIT_MS = 5000;
/** Userstore grants as many of them as are a fair part of the budget. */
const MOST_PERMITS = 50;
/**
 * An organization that has been refused something within so many milliseconds gets its permits evenly over the second,
 * and waits for them: what it sent all at once others would feel.
 */
const PACED_MS = 5000;
/** In milliseconds: how far apart its permits are fetched. */
const PACE_MS = 50;
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
  /** Until when they are fetched at an even pace, when the next ones may be, and how many requests wait for one. */
  pacedUntil: number;
  nextAt: number;
  waiting: number;
  /** Whether they are the edge's own, for want of a userstore. */
  isUnchecked: boolean;
  acquiring: Promise<void> | undefined;
}

/** Requires a permit for each request of an authenticated organization; 429 with Retry-After otherwise. */
export function rateLimit(
  store: StoreClient,
  metrics: Pick<EdgeMetrics, 'limitDecision' | 'permitsFetched'>,
): RequestHandler {
  const organizations = new LRUCache<string, Held>({ max: MAX_ORGANIZATIONS });
  const isOneOfMany = sampler();

  const heldOf = (organizationId: string): Held => {
    const known = organizations.get(organizationId);
    if (known) return known;
    const none = { permits: 0, until: 0, granted: 0, refusedUntil: 0, pacedUntil: 0, nextAt: 0, waiting: 0 };
    const held: Held = { ...none, isUnchecked: false, acquiring: undefined };
    organizations.set(organizationId, held);
    return held;
  };

  async function acquire(held: Held, { organizationId, perSecond }: Limited, requestId: string): Promise<void> {
    const isPaced = Date.now() < held.pacedUntil;
    const count = isPaced ? Math.ceil((perSecond * PACE_MS) / 1000) : MOST_PERMITS;
    if (isPaced) await sleep(held.nextAt - Date.now());
    try {
      const { granted, retryAfterMs } = await store.acquirePermits({ organizationId, count }, requestId);
      metrics.permitsFetched(granted);
      held.isUnchecked = false;
      held.nextAt = Math.max(held.nextAt, Date.now() - PACE_MS) + (granted * 1000) / perSecond;
      if (granted > 0) add(held, granted);
      else held.refusedUntil = Date.now() + retryAfterMs;
    } catch (error) {
      // Without userstore no request gets far: it says so itself.
      if (!(error instanceof StoreFailure)) throw error;
      add(held, MOST_PERMITS);
      held.isUnchecked = true;
    }
  }

  /** Fetches permits, once for all who want some meanwhile. */
  const acquired = (held: Held, limited: Limited, requestId: string): Promise<void> => {
    held.acquiring ??= acquire(held, limited, requestId).finally(() => {
      held.acquiring = undefined;
    });
    return held.acquiring;
  };

  return async (_request, response, next) => {
    const { organizationId, settings } = principalOf(response);
    const limited = { organizationId, perSecond: settings.rateLimit?.perSecond ?? 1 };
    const held = heldOf(organizationId);
    // Who came first and waits goes first.
    let isFirst = held.waiting === 0;
    while (!(isFirst && takesPermit(held))) {
      const now = Date.now();
      if (now < held.refusedUntil || (now < held.pacedUntil && held.waiting >= limited.perSecond)) {
        held.pacedUntil = now + PACED_MS;
        localsOf(response).isOneOfMany = isOneOfMany(organizationId);
        metrics.limitDecision('refused');
        throw tooMany(limited.perSecond, held.refusedUntil - now);
      }
      held.waiting++;
      await acquired(held, limited, localsOf(response).requestId).finally(() => held.waiting--);
      isFirst = true;
    }
    // Before the last one is gone, so that the next requests need not wait.
    if (held.permits <= held.granted / 2 && Date.now() > held.pacedUntil) {
      acquired(held, limited, localsOf(response).requestId).catch(() => undefined);
    }
    metrics.limitDecision(held.isUnchecked ? 'unchecked' : 'allowed');
    next();
  };
}

interface Limited {
  organizationId: string;
  perSecond: number;
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
