/**
 * Admission: bounds the requests and the bytes of bodies that an edge handles at a time. It refuses the excess at once,
 * before it is read and while that is cheap. Each organization has at most its share, so that the others always find
 * capacity. Anonymous requests, with no token or one that was never verified, have a capacity that is separate: they
 * cannot take that of organizations. fair-shares.ts orders the calls to userstore.
 */
import type { Request, RequestHandler, Response } from 'express';
import type { EdgeMetrics, ShedReason } from '../metrics.js';
import { localsOf, principalOf } from '../request-context.js';
import { whenOver } from '../request-work.js';
import { MAX_BODY_BYTES } from '../scim/json.js';
import { ScimError } from '../scim/scim-error.js';
import { networkOf } from './network.js';
import { createSampler } from './sampler.js';

/** Maximum of body bytes held at a time. The objects parsed from them take several times as much memory. */
const MAX_BYTES = 64 * 1024 * 1024;
/** An organization, and a network of anonymous clients, gets at most 1/SHARES of the capacity. */
const SHARES = 4;
const RETRY_AFTER = { 'Retry-After': '2' };

/** The capacity that requests occupy. */
interface Usage {
  requests: number;
  bytes: number;
}

/** The admission of one edge. */
export type Admission = ReturnType<typeof createAdmission>;

/**
 * Creates an admission with capacity for `maxRequests` requests of organizations, and half of that for anonymous ones.
 */
export function createAdmission(maxRequests: number, metrics: Pick<EdgeMetrics, 'shed'>) {
  const share = Math.ceil(maxRequests / SHARES);
  const refusals = createRefusals(metrics);
  const organizations = createOrganizationAdmission(maxRequests, share, refusals);
  const anonymous = createAnonymousAdmission(Math.ceil(maxRequests / 2), share, refusals);
  return {
    anonymous: anonymous.admit,
    organization: organizations.admit,
    body: organizations.admitBody,
    requestsInFlight: () => organizations.total.requests + anonymous.inFlight(),
    bodyBytes: () => organizations.total.bytes,
  };
}

type Refusals = ReturnType<typeof createRefusals>;

/** Creates the errors of refused requests, which count them; the log has one a second for each reason. */
function createRefusals(metrics: Pick<EdgeMetrics, 'shed'>) {
  const isSampledOut = createSampler();
  const count = (reason: ShedReason, response: Response) => {
    metrics.shed(reason);
    localsOf(response).isSampledOut = isSampledOut(reason);
  };
  return {
    overloaded(reason: Exclude<ShedReason, 'organization'>, response: Response): ScimError {
      count(reason, response);
      return new ScimError(503, undefined, 'The service has too much to do at the moment; try again.', RETRY_AFTER);
    },
    shareExhausted(response: Response): ScimError {
      count('organization', response);
      return new ScimError(429, undefined, 'Too many requests at once for this organization; try again.', RETRY_AFTER);
    },
  };
}

function createAnonymousAdmission(maxRequests: number, share: number, { overloaded }: Refusals) {
  let inFlight = 0;
  /** Requests in flight, by network. */
  const networks = new Map<string, number>();

  /** Admits an anonymous request. Returns a function that releases its place early. Throws ScimError (503). */
  const admit = (request: Request, response: Response): (() => void) => {
    const network = networkOf(request.ip);
    const used = networks.get(network) ?? 0;
    if (inFlight >= maxRequests || used >= share) throw overloaded('anonymous', response);
    inFlight++;
    networks.set(network, used + 1);
    const release = () => {
      forget();
      inFlight--;
      const remaining = (networks.get(network) ?? 0) - 1;
      if (remaining > 0) networks.set(network, remaining);
      else networks.delete(network);
    };
    const forget = whenOver(response, release);
    return release;
  };

  return { admit, inFlight: () => inFlight };
}

function createOrganizationAdmission(maxRequests: number, share: number, { overloaded, shareExhausted }: Refusals) {
  const total: Usage = { requests: 0, bytes: 0 };
  /** The usage of each organization that has requests in flight. */
  const organizations = new Map<string, Usage>();

  /** Admits a request of an organization. Throws ScimError: 503, or 429 if the organization uses its share. */
  const admit = (organizationId: string, response: Response): void => {
    const usage = organizations.get(organizationId) ?? { requests: 0, bytes: 0 };
    if (total.requests >= maxRequests) throw overloaded('requests', response);
    if (usage.requests >= share) throw shareExhausted(response);
    total.requests++;
    usage.requests++;
    organizations.set(organizationId, usage);
    whenOver(response, () => {
      total.requests--;
      if (--usage.requests === 0) organizations.delete(organizationId);
    });
  };

  /** Admits the body of an authenticated request before it is read. Throws ScimError (503 or 429). */
  const admitBody: RequestHandler = (request, response, next) => {
    if (response.closed) return;
    const bytes = maxSizeOf(request);
    const usage = organizations.get(principalOf(response).organizationId);
    if (!usage) throw new Error('the request has not been admitted');
    if (usage.bytes + bytes > MAX_BYTES / SHARES) throw shareExhausted(response);
    if (total.bytes + bytes > MAX_BYTES) throw overloaded('bodies', response);
    usage.bytes += bytes;
    total.bytes += bytes;
    whenOver(response, () => {
      usage.bytes -= bytes;
      total.bytes -= bytes;
    });
    next();
  };

  return { admit, admitBody, total };
}

/** Returns the maximum size of a body in bytes; one that is compressed or has no Content-Length may have any size. */
function maxSizeOf({ headers }: Request): number {
  const length = headers['content-encoding'] === undefined ? headers['content-length'] : undefined;
  return Math.min(Number(length ?? MAX_BODY_BYTES), MAX_BODY_BYTES);
}
