/** The request log: one line per request, and the request's duration as a metric. Logs no headers, query or body. */
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { onceClosed } from './leaving.js';
import type { EdgeMetrics } from './metrics.js';
import { localsOf, pathOf, routeOf } from './request-context.js';

const MAX_PATH = 200;

/** Leaves for the log and the activity that a client has left before its body was complete. */
function brokenOff(response: Response): void {
  response.statusCode = 400;
  Object.assign(localsOf(response), { scimType: 'invalidSyntax', detail: 'The request body is incomplete.' });
}

/**
 * Gives each request an id, which userstore logs too and the client sees in X-Request-Id, and logs one line when the
 * response is closed.
 */
export function requestLog(log: Logger, metrics: Pick<EdgeMetrics, 'request'>): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const { method, originalUrl } = request;
    const requestId = uuidv7();
    Object.assign(localsOf(response), { requestId, start });
    response.setHeader('X-Request-Id', requestId);
    onceClosed(response, () => {
      if (!request.complete && !response.headersSent) brokenOff(response);
      const { principal, scimType, isSampledOut, err, reason } = localsOf(response);
      const status = response.statusCode;
      const seconds = (performance.now() - start) / 1000;
      metrics.request(method, routeOf(request), response.writableFinished ? status : undefined, seconds);
      if (isSampledOut) return;
      const path = pathOf(originalUrl).slice(0, MAX_PATH);
      const ms = Math.round(seconds * 100_000) / 100;
      const { organizationId, apiTokenId } = principal ?? {};
      const line = { requestId, method, path, status, scimType, ms, organizationId, apiTokenId, reason, err };
      if (!response.writableFinished) log.warn(line, 'client closed the connection before the response was complete');
      else log[err || status === 500 ? 'error' : status > 500 ? 'warn' : 'info'](line, 'request');
    });
    next();
  };
}
