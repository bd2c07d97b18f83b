/**
 * How much an edge takes on at a time: requests, and bytes of bodies. What is more is refused at once, before it is read
 * and while it costs nothing; one organization has at most its share, so that the others always find room. Strangers,
 * whose tokens were never seen to be valid or who need none, have room of their own and cannot take anybody else's.
 */
import type { Request, RequestHandler, Response } from 'express';
import { principalOf } from '../auth.js';
import type { EdgeMetrics, ShedReason } from '../metrics.js';
import { localsOf } from '../request-log.js';
import { MAX_BODY_BYTES } from '../scim/json.js';
import { ScimError } from '../scim/scim-error.js';
import { networkOf } from './network.js';
import { createSampler } from './sampler.js';

/** Bytes of bodies that are held at a time; what is made of them takes some times as much. */
const MAX_BYTES = 64 * 1024 * 1024;
/** An organization may have one part in so many, and a network of strangers as much. */
const SHARES = 4;
const RETRY_AFTER = { 'Retry-After': '2' };

/** What is held. */
interface Held {
  requests: number;
  bytes: number;
}

/** Room on an edge. */
export type Admission = ReturnType<typeof createAdmission>;

/** Room for so many requests at a time. */
export function createAdmission(maxRequests: number, metrics: Pick<EdgeMetrics, 'shed'>) {
  const all: Held = { requests: 0, bytes: 0 };
  /** Of those that have requests in flight. */
  const organizations = new Map<string, Held>();
  const share = Math.ceil(maxRequests / SHARES);
  /** By network, those that have requests in flight. */
  const networks = new Map<string, number>();
  let strangers = 0;
  const maxStrangers = Math.ceil(maxRequests / 2);

  const isOneOfMany = createSampler();
  const refuse = (reason: ShedReason, response: Response) => {
    metrics.shed(reason);
    localsOf(response).isOneOfMany = isOneOfMany(reason);
  };
  const full = (reason: Exclude<ShedReason, 'organization'>, response: Response) => {
    refuse(reason, response);
    return new ScimError(503, undefined, 'The service has too much to do at the moment; try again.', RETRY_AFTER);
  };
  const hasItsShare = (response: Response) => {
    refuse('organization', response);
    return new ScimError(429, undefined, 'Too many requests at once for this organization; try again.', RETRY_AFTER);
  };

  /** Lets a stranger's request in, or refuses it with 503; returns what ends its stay before it is answered. */
  const stranger = (request: Request, response: Response): (() => void) => {
    const network = networkOf(request.ip);
    const held = networks.get(network) ?? 0;
    if (strangers >= maxStrangers || held >= share) throw full('strangers', response);
    strangers++;
    networks.set(network, held + 1);
    const leave = () => {
      response.off('close', leave);
      strangers--;
      const left = (networks.get(network) ?? 0) - 1;
      if (left > 0) networks.set(network, left);
      else networks.delete(network);
    };
    response.once('close', leave);
    return leave;
  };

  /** Lets a request of an organization in, or refuses it: 503, or 429 where the organization has its share. */
  const organization = (organizationId: string, response: Response): void => {
    const held = organizations.get(organizationId) ?? { requests: 0, bytes: 0 };
    if (all.requests >= maxRequests) throw full('requests', response);
    if (held.requests >= share) throw hasItsShare(response);
    all.requests++;
    held.requests++;
    organizations.set(organizationId, held);
    whenOver(response, () => {
      all.requests--;
      if (--held.requests === 0) organizations.delete(organizationId);
    });
  };

  /** Lets the body of an authenticated request be read, or refuses it. */
  const body: RequestHandler = (request, response, next) => {
    if (response.closed) return;
    const bytes = sizeOf(request);
    const held = organizations.get(principalOf(response).organizationId);
    if (!held) throw new Error('the request has not been let in');
    if (held.bytes + bytes > MAX_BYTES / SHARES) throw hasItsShare(response);
    if (all.bytes + bytes > MAX_BYTES) throw full('bodies', response);
    held.bytes += bytes;
    all.bytes += bytes;
    whenOver(response, () => {
      held.bytes -= bytes;
      all.bytes -= bytes;
    });
    next();
  };

  return {
    stranger,
    organization,
    body,
    requestsInFlight: () => all.requests + strangers,
    bodyBytes: () => all.bytes,
  };
}

const whenOver = (response: Response, release: () => void) => response.once('close', release);

/** The most that a body can turn out to be: what is packed, or does not say how long it is, may be as long as any. */
function sizeOf({ headers }: Request): number {
  const length = headers['content-encoding'] === undefined ? headers['content-length'] : undefined;
  return Math.min(Number(length ?? MAX_BODY_BYTES), MAX_BODY_BYTES);
}
