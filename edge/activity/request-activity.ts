/** What becomes an activity of each request: whose it is, what it was about, how it was answered. Never a body. */
import type { Request, RequestHandler, Response } from 'express';
import { createSampler } from '../limits/sampler.js';
import { localsOf, type Outcome, pathOf } from '../request-log.js';
import { isObject } from '../scim/json.js';
import type { ActivityRecorder } from './recorder.js';

/** An organization's base URL, and what lies below it. */
const PATH = /^\/+([a-z\d]{1,32})\/+scim\/+v2(\/[^?]*)?/;
const RESOURCE = /\/(Users|Groups)\/([^/?#]+)$/;
/** In characters. */
const MAX_PATH = 300;
const MAX_USER_NAME = 256;

/** What keeps a request from being recognized as an organization's Okta: a bad token, too many of them, no userstore. */
const UNRECOGNIZED = [401, 429, 503];

/**
 * Records every request of an organization once it is answered, and every operation of a bulk request. Of those without a
 * valid token, which anybody can send, one a second.
 */
export function recordActivity(recorder: ActivityRecorder): RequestHandler {
  const isOneOfMany = createSampler();

  return (request, response, next) => {
    const time = new Date();
    const start = performance.now();
    response.once('close', () => {
      const { principal, requestId, operations = [], ...locals } = localsOf(response);
      if (locals.isOneOfMany) return;
      const [, organizationId, path = '/'] = PATH.exec(pathOf(request.originalUrl).slice(0, MAX_PATH)) ?? [];
      if (organizationId === undefined) return;
      if (!principal && (!UNRECOGNIZED.includes(response.statusCode) || isOneOfMany(organizationId))) return;
      const { apiTokenId, apiTokenLabel } = principal ?? {};
      const from = { organizationId, time, apiTokenId, apiTokenLabel, change: undefined };
      const durationMs = sinceMs(start);
      recorder.record({ ...from, ...outcomeOf(request, response, path), id: requestId, durationMs });
      for (const outcome of operations) recorder.record({ ...from, ...outcome });
    });
    next();
  };
}

function outcomeOf(request: Request, response: Response, path: string): Omit<Outcome, 'id' | 'durationMs'> {
  const { scimType, detail, userName } = localsOf(response);
  const about = { ...resourceIn(String(response.getHeader('Location') ?? '')), ...resourceIn(path) };
  return { method: request.method, path, userName, ...about, status: response.statusCode, scimType, detail };
}

/** The user or group that a path ends in. */
export const resourceIn = (path: string): Pick<Outcome, 'userId' | 'groupId'> => {
  const [, endpoint, id] = RESOURCE.exec(path) ?? [];
  if (id === undefined || id === '.search') return {};
  return endpoint === 'Users' ? { userId: id } : { groupId: id };
};

/** The user name in the body of a POST: by it support finds who could not be created. */
export function userNameIn(method: string, body: unknown): string | undefined {
  if (method !== 'POST' || !isObject(body)) return undefined;
  const name = Object.keys(body).find((key) => key.toLowerCase() === 'username');
  const value = name === undefined ? undefined : body[name];
  return typeof value === 'string' ? value.slice(0, MAX_USER_NAME) : undefined;
}

/** In milliseconds, to hundredths. */
export const sinceMs = (start: number): number => Math.round((performance.now() - start) * 100) / 100;
