/** What becomes an activity of each request: whose it is, what it was about, how it was answered. Never a value sent. */
import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { ActivityRecorder } from './activities.js';
import { localsOf, type Outcome } from './request-log.js';

/** An organization's base URL, and what lies below it. */
const PATH = /^\/+([a-z\d]{1,32})\/+scim\/+v2(\/[^?]*)?/;
const USER = /\/Users\/([^/?#]+)$/;
/** Of the requests that are too many, one a second is recorded for each organization. */
const REFUSAL_MS = 1000;
/** In characters. */
const MAX_PATH = 300;
const MAX_ORGANIZATIONS = 10_000;

/** Records every request of an organization once it is answered, and every operation of a bulk request. */
export function activityLog(recorder: ActivityRecorder): RequestHandler {
  const refused = new LRUCache<string, true>({ max: MAX_ORGANIZATIONS, ttl: REFUSAL_MS });

  const isOneTooMany = (organizationId: string): boolean => {
    if (refused.has(organizationId)) return true;
    refused.set(organizationId, true);
    return false;
  };

  return (request, response, next) => {
    const time = new Date();
    const start = performance.now();
    response.once('close', () => {
      const [, organizationId, path = '/'] = PATH.exec(request.originalUrl.slice(0, MAX_PATH)) ?? [];
      const { statusCode: status } = response;
      const { principal, requestId, operations = [] } = localsOf(response);
      // Whoever was not even asked for a token, or had too many refused, is nobody's Okta.
      if (organizationId === undefined || !(principal || status === 401)) return;
      if (status === 429 && isOneTooMany(organizationId)) return;
      const { apiTokenId, apiTokenLabel } = principal ?? {};
      const from = { organizationId, time, apiTokenId, apiTokenLabel, change: undefined };
      const durationMs = sinceMs(start);
      recorder.record({ ...from, ...outcomeOf(request, response, path), id: requestId, durationMs });
      operations.forEach((outcome, index) => {
        recorder.record({ ...from, ...outcome, id: `${requestId}.${String(index).padStart(4, '0')}` });
      });
    });
    next();
  };
}

function outcomeOf(request: Request, response: Response, path: string): Omit<Outcome, 'durationMs'> {
  const { scimType, detail } = localsOf(response);
  const userId = userIn(path) ?? userIn(String(response.getHeader('Location') ?? ''));
  return { method: request.method, path, userId, status: response.statusCode, scimType, detail };
}

/** The user that a path ends in. */
export const userIn = (path: string): string | undefined => {
  const id = USER.exec(path)?.[1];
  return id === '.search' ? undefined : id;
};

/** In milliseconds, to hundredths. */
export const sinceMs = (start: number): number => Math.round((performance.now() - start) * 100) / 100;
