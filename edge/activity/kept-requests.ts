/** Which requests' bodies are kept, and the bodies of one. */
import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import type { ActivityBody, KeptBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { KeptBodies, type Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { type Locals, localsOf } from '../request-context.js';
import type { JsonObject } from '../scim/json.js';
import type { Steps } from '../scim/steps.js';
import { keptSteps, secretSteps } from './kept-body.js';

/** Bodies of one organization within an hour at one edge. */
const MAX_OF_HOUR = 1000;
/** Organizations whose bodies an edge keeps count of. */
const MAX_ORGANIZATIONS = 10_000;
const HOUR_MS = 3_600_000;
/** Failures whose bodies are not kept: of clients without a valid token, and beyond a limit. */
const NOT_KEPT = [401, 429];

const omitted = (reason: string): KeptBody => ({ text: '', cut: false, omitted: reason });
const NOT_JSON = omitted('The edge could not read it as JSON, so nobody knows what it holds.');
const TOO_LARGE = omitted('It is too large to be searched for secrets.');

/** Counts the bodies of each organization within the present hour. */
export type BodyBudget = ReturnType<typeof createBodyBudget>;

/** Creates the count: `take` returns false if an organization has had its number. */
export function createBodyBudget(now: () => number = Date.now) {
  const counts = new LRUCache<string, { hour: number; count: number }>({ max: MAX_ORGANIZATIONS });
  return {
    take(organizationId: string): boolean {
      const hour = Math.floor(now() / HOUR_MS);
      const found = counts.get(organizationId);
      const count = found?.hour === hour ? found.count : 0;
      if (count >= MAX_OF_HOUR) return false;
      counts.set(organizationId, { hour, count: count + 1 });
      return true;
    },
  };
}

/** Whether all bodies of an organization are kept now. It ends by itself. */
const keepsAll = ({ keptBodies, allBodiesUntil }: Organization): boolean =>
  allBodiesUntil !== undefined && allBodiesUntil.getTime() > Date.now() && keptBodies !== KeptBodies.KEPT_BODIES_NONE;

const hasFailed = (status: number, { operations = [] }: Locals): boolean =>
  status >= 400 || operations.some((operation) => operation.status >= 400);

/** Leaves an answer that may be kept; any other would stay in memory until a slow client has taken it. */
export function leaveAnswer(response: Response, status: number, answer: JsonObject): void {
  const locals = localsOf(response);
  const { principal } = locals;
  if (principal && (hasFailed(status, locals) || keepsAll(principal.settings))) locals.answer = answer;
}

/**
 * Returns the work that makes the kept bodies of a request that is over; undefined if they are not kept. A request that
 * succeeds costs nothing here unless its organization has all bodies kept.
 */
export function bodiesOf(
  request: Request,
  response: Response,
  time: Date,
  budget: BodyBudget,
): Steps<ActivityBody> | undefined {
  const locals = localsOf(response);
  const { principal, requestId, sent, answer } = locals;
  if (!principal) return undefined;
  const { statusCode } = response;
  if (!hasFailed(statusCode, locals) && !keepsAll(principal.settings)) return undefined;
  const hasBody = sent !== undefined || Buffer.isBuffer(request.body);
  if (!keeps(principal.settings, statusCode, hasBody)) return undefined;
  if (!budget.take(principal.organizationId)) return undefined;
  const { organizationId } = principal;
  const absent = hasBody ? NOT_JSON : undefined;
  return keptBodiesSteps({ organizationId, activityId: requestId, time }, sent, answer, absent);
}

/** Returns both bodies without secrets; `absent` stands for a body that is not JSON or does not exist. */
function* keptBodiesSteps(
  key: Pick<ActivityBody, 'organizationId' | 'activityId' | 'time'>,
  sent: JsonObject | undefined,
  answer: JsonObject | undefined,
  absent: KeptBody | undefined,
): Steps<ActivityBody> {
  const secrets = yield* secretSteps(sent ?? {});
  const request = sent ? (secrets ? yield* keptSteps(sent, secrets) : TOO_LARGE) : absent;
  // The answer may repeat secrets of the request.
  const response = answer && (secrets ? yield* keptSteps(answer, secrets) : TOO_LARGE);
  return { ...key, request, response };
}

/** Whether the bodies are kept of a request that failed, or of any while all are. */
function keeps(settings: Organization, status: number, hasBody: boolean): boolean {
  if (settings.keptBodies === KeptBodies.KEPT_BODIES_NONE || NOT_KEPT.includes(status)) return false;
  // Without a body, the activity says all that the answer does.
  return hasBody || keepsAll(settings);
}
