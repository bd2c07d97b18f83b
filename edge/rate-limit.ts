/**
 * How many requests an organization may send. An edge takes permits out of the organization's budget, which all edges
 * share, some fraction of a second's worth at a time: most requests cost nothing but a number in memory.
 */
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
const MAX_ORGANIZATIONS = 10_000;

/** What an edge holds of an organization's budget. */
interface Held {
  permits: number;
  /** Until when they are good, in epoch milliseconds. */
  until: number;
  /** Until when there are none. */
  refusedUntil: number;
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
    const held = { permits: 0, until: 0, refusedUntil: 0, isUnchecked: false, acquiring: undefined };
    organizations.set(organizationId, held);
    return held;
  };

  async function acquire(held: Held, organizationId: string, requestId: string): Promise<void> {
    try {
      const { granted, retryAfterMs } = await store.acquirePermits({ organizationId, count: MOST_PERMITS }, requestId);
      metrics.permitsFetched(granted);
      held.isUnchecked = false;
      if (granted > 0) Object.assign(held, { permits: granted, until: Date.now() + PERMIT_MS });
      else held.refusedUntil = Date.now() + retryAfterMs;
    } catch (error) {
      // Without userstore no request gets far: it says so itself.
      if (!(error instanceof StoreFailure)) throw error;
      Object.assign(held, { permits: MOST_PERMITS, until: Date.now() + PERMIT_MS, isUnchecked: true });
    }
  }

  return async (_request, response, next) => {
    const { organizationId, settings } = principalOf(response);
    const held = heldOf(organizationId);
    while (!takesPermit(held)) {
      if (Date.now() < held.refusedUntil) {
        localsOf(response).isOneOfMany = isOneOfMany(organizationId);
        metrics.limitDecision('refused');
        throw tooMany(settings.rateLimit?.perSecond ?? 0, held.refusedUntil - Date.now());
      }
      held.acquiring ??= acquire(held, organizationId, localsOf(response).requestId).finally(() => {
        held.acquiring = undefined;
      });
      await held.acquiring;
    }
    metrics.limitDecision(held.isUnchecked ? 'unchecked' : 'allowed');
    next();
  };
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
