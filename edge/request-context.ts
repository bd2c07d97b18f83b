/**
 * The context of a request: its id, the organization and API token that it is authenticated for, and the facts that
 * handlers leave in `response.locals` for the log and for activities.
 */
import type { Request, Response } from 'express';
import type { Activity } from '../proto/gen/userstore/v1/activity_service.js';
import type { Actor } from '../proto/gen/userstore/v1/actor.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import { signalOf } from './request-work.js';
import type { JsonObject } from './scim/json.js';
import type { ScimType } from './scim/scim-error.js';

/** The organization and the API token of an authenticated request. */
export interface Principal {
  organizationId: string;
  apiTokenId: string;
  /** The name that people gave the token. */
  apiTokenLabel: string;
  /** The organization, with the settings that apply to its requests. */
  settings: Organization;
}

/** The scope in which an operation runs: the organization, its settings, and the actor that userstore records. */
export interface RequestScope {
  organizationId: string;
  settings: Organization;
  actor: Actor;
  /** Aborted when the client leaves; the operation then makes no further call. */
  signal?: AbortSignal | undefined;
}

/** The result of one operation of a bulk request. */
export type Outcome = Pick<
  Activity,
  | 'id'
  | 'method'
  | 'path'
  | 'userId'
  | 'groupId'
  | 'userName'
  | 'groupName'
  | 'status'
  | 'scimType'
  | 'detail'
  | 'durationMs'
>;

/** The content of `response.locals`. */
export interface Locals {
  requestId: string;
  /** The time at which the request arrived, on the clock of `performance.now()`. */
  start: number;
  /** Undefined until the request is authenticated. */
  principal?: Principal | undefined;
  scimType?: ScimType;
  /** The text of the error in the response. */
  detail?: string;
  /** The name in the body of a create request, or in the ID token of a sign-in. */
  names?: Pick<Outcome, 'userName' | 'groupName'>;
  operations?: Outcome[];
  /** The parsed body of the request. */
  sent?: JsonObject;
  /** The body of the answer, if it may be kept for support. */
  answer?: JsonObject;
  /** The log leaves this request out: a similar refusal within the same second stands for it. */
  isSampledOut?: boolean;
  /** The address at which a person can retry. */
  again?: string;
  /** The error behind a 500. */
  err?: unknown;
  /** The cause of any other 5xx, in one sentence. */
  reason?: string | undefined;
}

/** Returns the locals of a response, typed. */
export const localsOf = (response: Response): Locals => response.locals as Locals;

/** Returns the principal of an authenticated request. Throws Error if the request is not authenticated. */
export function principalOf(response: Response): Principal {
  const { principal } = localsOf(response);
  if (!principal) throw new Error('the request has not been authenticated');
  return principal;
}

/** Returns the scope of an authenticated request. Throws Error if the request is not authenticated. */
export function scopeOf(response: Response): RequestScope {
  const { organizationId, apiTokenId, settings } = principalOf(response);
  const actor = { caller: 'edge', apiTokenId, requestId: localsOf(response).requestId };
  return { organizationId, settings, actor, signal: signalOf(response) };
}

/** Leaves the cause of a 5xx for the log. */
export function leaveCause(response: Response, status: number, error: unknown): void {
  if (status === 500) localsOf(response).err = error;
  else if (status > 500) localsOf(response).reason = error instanceof Error ? error.message : undefined;
}

/**
 * API tokens are UUIDs of version 4. No id in an address is one, so a match is a token that was pasted there, perhaps
 * without its dashes.
 */
const TOKEN = /[\da-f]{8}-?[\da-f]{4}-?4[\da-f]{3}-?[\da-f]{4}-?[\da-f]{12}/gi;
/** Matches a character of a token in percent-encoded form, perhaps encoded several times: "%2d", "%252d". */
const ENCODED = /%(?:25)*(2d|3\d|[46][1-6])/gi;
/** The part of an address that is looked at: the rest is cut. */
const MAX_LOOKED_AT = 4096;

/** Returns the part of an address that may be stored: without its query, and with API tokens replaced by "…". */
export function pathOf(url: string): string {
  const path = url.slice(0, MAX_LOOKED_AT).split('?', 1)[0] ?? '';
  return path.replace(ENCODED, (_, code: string) => decodeURIComponent(`%${code}`)).replace(TOKEN, '…');
}

/** Returns the pattern of the route that handled a request, relative to the organization's base URL. */
export const routeOf = ({ route }: Pick<Request, 'route'>): string => String(route?.path ?? 'none');
