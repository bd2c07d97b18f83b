/** The activity of a request: its organization and token, its resource, and the response. Never contains a body: those go their own way. */
import type { Request, RequestHandler, Response } from 'express';
import { createSampler } from '../limits/sampler.js';
import { organizationIdIn } from '../organization-id.js';
import { localsOf, type Outcome, pathOf } from '../request-context.js';
import { whenOver } from '../request-work.js';
import { isObject } from '../scim/json.js';
import { GROUP, type ResourceType } from '../scim/resource-types.js';
import type { BodyRecorder } from './body-recorder.js';
import { bodiesOf, createBodyBudget } from './kept-requests.js';
import type { ActivityRecorder } from './recorder.js';

/** Matches an organization's base URL and captures the organization id and the rest of the path. */
const PATH = /^\/+([^/?]{1,100})\/+scim\/+v2(\/[^?]*)?/;
/** Ids are UUIDs: any other last segment is text of the client. */
const RESOURCE = /\/(Users|Groups)\/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;
/** Maximum lengths, in characters. */
const MAX_PATH = 300;
const MAX_NAME = 256;

/** Statuses of requests that are not authenticated: an invalid token, token guessing, or no userstore. */
const UNAUTHENTICATED = [401, 429, 503];

/**
 * Creates the handler that records every request of an organization when the work for it is over, and every operation
 * of a bulk request, also those that were done after the client had left. Of anonymous requests, which anyone can send,
 * it records one a second for each organization. The bodies that are kept go to their own recorder.
 */
export function recordActivity(recorder: ActivityRecorder, bodies: Pick<BodyRecorder, 'record'>): RequestHandler {
  const budget = createBodyBudget();
  const isSampledOut = createSampler();

  return (request, response, next) => {
    const time = new Date();
    const start = performance.now();
    whenOver(response, () => {
      const { principal, requestId, operations = [], ...locals } = localsOf(response);
      if (locals.isSampledOut) return;
      const [, segment = '', path = '/'] = PATH.exec(recordedPath(request.originalUrl)) ?? [];
      const organizationId = organizationIdIn(decoded(segment));
      if (organizationId === undefined) return;
      if (!principal && (!UNAUTHENTICATED.includes(response.statusCode) || isSampledOut(organizationId))) return;
      const { apiTokenId, apiTokenLabel } = principal ?? {};
      const common = { organizationId, time, apiTokenId, apiTokenLabel, change: undefined };
      const durationMs = sinceMs(start);
      recorder.record({ ...common, ...outcomeOf(request, response, path), id: requestId, durationMs });
      for (const outcome of operations) recorder.record({ ...common, ...outcome });
      const kept = bodiesOf(request, response, time, budget);
      if (kept) bodies.record(kept);
    });
    next();
  };
}

/** Returns the decoded text, or the text itself if it cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function outcomeOf(request: Request, response: Response, path: string): Omit<Outcome, 'id' | 'durationMs'> {
  const { scimType, detail, names } = localsOf(response);
  const resource = { ...resourceIn(String(response.getHeader('Location') ?? '')), ...resourceIn(path) };
  return { method: request.method, path, ...names, ...resource, status: response.statusCode, scimType, detail };
}

/** Returns the id of the user or group at the end of a path; {} if there is none. */
export const resourceIn = (path: string): Pick<Outcome, 'userId' | 'groupId'> => {
  const [, endpoint, id] = RESOURCE.exec(path) ?? [];
  if (id === undefined) return {};
  return endpoint === 'Users' ? { userId: id } : { groupId: id };
};

/** Returns the part of an address that activities keep. */
export const recordedPath = (url: string): string => pathOf(url).slice(0, MAX_PATH);

/** Returns the name of a resource that is answered: userstore then need not look it up for the activity. */
export const namesOf = (
  { endpoint }: Pick<ResourceType, 'endpoint'>,
  { userName, displayName }: { userName?: string | undefined; displayName?: string | undefined },
): Pick<Outcome, 'userName' | 'groupName'> => (endpoint === GROUP.endpoint ? { groupName: displayName } : { userName });

/** Returns the name in the body of a POST, by which support finds a user or group that could not be created. */
export function namesIn(method: string, path: string, body: unknown): Pick<Outcome, 'userName' | 'groupName'> {
  if (method !== 'POST' || !isObject(body)) return {};
  const isGroup = path.startsWith(GROUP.endpoint);
  const attribute = isGroup ? 'displayname' : 'username';
  const name = Object.keys(body).find((key) => key.toLowerCase() === attribute);
  const value = name === undefined ? undefined : body[name];
  if (typeof value !== 'string') return {};
  return { [isGroup ? 'groupName' : 'userName']: value.slice(0, MAX_NAME) };
}

/** Returns the milliseconds since `start`, rounded to hundredths. */
export const sinceMs = (start: number): number => Math.round((performance.now() - start) * 100) / 100;
