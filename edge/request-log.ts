/** The id of each request, and what is said of it when it is over: one log line, never headers, query or body, and its time. */
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';
import type { Principal } from './auth.js';
import type { EdgeMetrics } from './metrics.js';
import type { ScimType } from './scim/scim-error.js';

/** How an operation of a bulk request was answered. */
export type Outcome = Pick<
  Activity,
  'id' | 'method' | 'path' | 'userId' | 'groupId' | 'userName' | 'status' | 'scimType' | 'detail' | 'durationMs'
>;

/** What handlers leave for each other, and for the log, in `response.locals`. */
interface Locals {
  requestId: string;
  /** When the request came, on the clock of `performance.now()`. */
  start: number;
  principal?: Principal | undefined;
  scimType?: ScimType;
  /** The text of the error that is answered. */
  detail?: string;
  /** The user name that a new user was to have. */
  userName?: string | undefined;
  operations?: Outcome[];
  /** Refused like others of its organization within the same second, which stand for it in logs. */
  isOneOfMany?: boolean;
  /** Where a person goes to try again. */
  again?: string;
  /** The cause of a 500, which nobody has foreseen, and that of another 5xx, in one sentence. */
  err?: unknown;
  reason?: string | undefined;
}

/** The locals of a response, typed. */
export const localsOf = (response: Response): Locals => response.locals as Locals;

/** Leaves the cause of a 5xx for the log. */
export function leaveCause(response: Response, status: number, error: unknown): void {
  if (status === 500) localsOf(response).err = error;
  else if (status > 500) localsOf(response).reason = error instanceof Error ? error.message : undefined;
}

/** API tokens are UUIDs of version 4, which no id of ours is: somebody took one for the other. */
const TOKEN = /[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/gi;

/** What may be kept of an address: no query, and no API token. */
export const pathOf = (url: string): string => (url.split('?', 1)[0] ?? '').replace(TOKEN, '…');

/** The pattern of the route that a request took, below the organization's base URL. */
export const routeOf = ({ route }: Pick<Request, 'route'>): string => String(route?.path ?? 'none');

/** Gives the request an id, the same as in userstore's log and in X-Request-Id; logs a line when it is over. */
export function requestLog(log: Logger, metrics: Pick<EdgeMetrics, 'request'>): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const { method, originalUrl } = request;
    const requestId = uuidv7();
    Object.assign(localsOf(response), { requestId, start });
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      const { principal, scimType, isOneOfMany, err, reason } = localsOf(response);
      const status = response.statusCode;
      const seconds = (performance.now() - start) / 1000;
      metrics.request(method, routeOf(request), response.writableFinished ? status : undefined, seconds);
      if (isOneOfMany) return;
      const path = pathOf(originalUrl).slice(0, 200);
      const ms = Math.round(seconds * 100_000) / 100;
      const { organizationId, apiTokenId } = principal ?? {};
      const line = { requestId, method, path, status, scimType, ms, organizationId, apiTokenId, reason, err };
      if (!response.writableFinished) log.warn(line, 'client went away');
      else log[err || status === 500 ? 'error' : status > 500 ? 'warn' : 'info'](line, 'request');
    });
    next();
  };
}
