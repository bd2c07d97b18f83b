/**
 * Early refusal: an organization far above its rate limit gets its 429 before anything else is done for the request, so
 * that its refusals cost the others as little as possible. One of its requests a second goes the whole way, and stands
 * for the others in the log and in the activities.
 */
import type { Request, RequestHandler } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { EdgeMetrics } from '../metrics.js';
import { organizationIdIn } from '../organization-id.js';
import type { Principal } from '../request-context.js';
import { mediaTypeFor } from '../routes/accept.js';
import { errorBody } from '../scim/scim-error.js';
import type { RateLimit } from './rate-limit.js';
import { createSampler } from './sampler.js';

/** The dependencies of the handler. */
interface Options {
  rateLimit: Pick<RateLimit, 'waitIfRefused' | 'refusal'>;
  metrics: Pick<EdgeMetrics, 'request'>;
  /** Returns the principal of a request whose token was verified lately; undefined for any other. */
  knownPrincipal: (request: Request<{ organizationId: string }>) => Principal | undefined;
}

/** Creates the handler that refuses a request for which `enforce` of the rate limit would only refuse it later. */
export function earlyRefusal({
  rateLimit,
  metrics,
  knownPrincipal,
}: Options): RequestHandler<{ organizationId: string }> {
  const isSampledOut = createSampler();
  return (request, response, next) => {
    const organizationId = organizationIdIn(request.params.organizationId);
    const wait = organizationId === undefined ? undefined : rateLimit.waitIfRefused(organizationId);
    if (organizationId === undefined || wait === undefined) return next();
    const principal = knownPrincipal(request);
    if (!principal || !isSampledOut(organizationId)) return next();
    const start = performance.now();
    const { error, delayMs } = rateLimit.refusal(principal, wait);
    const send = () => {
      metrics.request(request.method, 'none', response.closed ? undefined : 429, (performance.now() - start) / 1000);
      if (response.closed) return;
      response
        .status(429)
        .type(mediaTypeFor(request.headers.accept))
        .set({ ...error.headers, 'X-Request-Id': uuidv7() });
      response.end(JSON.stringify(errorBody(error)));
    };
    setTimeout(send, delayMs);
  };
}
