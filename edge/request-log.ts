/** The id of each request, and its one log line: never headers, query or body. */
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';
import type { Principal } from './auth.js';
import type { ScimType } from './scim/errors.js';

/** How an operation of a bulk request was answered. */
export type Outcome = Pick<
  Activity,
  'method' | 'path' | 'userId' | 'groupId' | 'status' | 'scimType' | 'detail' | 'durationMs'
>;

/** What handlers leave for each other, and for the log, in `response.locals`. */
interface Locals {
  requestId: string;
  principal?: Principal;
  scimType?: ScimType;
  /** The text of the error that is answered. */
  detail?: string;
  operations?: Outcome[];
  /** Refused like others of its organization within the same second, which stand for it in logs. */
  isOneOfMany?: boolean;
  /** The cause of a 5xx. */
  err?: unknown;
}

/** The locals of a response, typed. */
export const localsOf = (response: Response): Locals => response.locals as Locals;

/** Gives the request an id, the same as in userstore's log and in X-Request-Id; logs a line when it is over. */
export function requestLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const { method, originalUrl } = request;
    const requestId = uuidv7();
    localsOf(response).requestId = requestId;
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      const { principal, scimType, isOneOfMany, err } = localsOf(response);
      if (isOneOfMany) return;
      const status = response.statusCode;
      const path = originalUrl.split('?', 1)[0]?.slice(0, 200);
      const ms = Math.round((performance.now() - start) * 100) / 100;
      const { organizationId, apiTokenId } = principal ?? {};
      const line = { requestId, method, path, status, scimType, ms, organizationId, apiTokenId, err };
      if (!response.writableFinished) log.warn(line, 'client went away');
      else log[status >= 500 ? 'error' : 'info'](line, 'request');
    });
    next();
  };
}
