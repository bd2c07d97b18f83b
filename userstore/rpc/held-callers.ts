/**
 * The check of callers that are held to organizations, for every RPC alike: the request must name one of them in its
 * field `organization_id`. So an RPC without that field is refused, unless its handler itself looks at the caller.
 */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import type { Caller } from './callers.js';
import { isReflection } from './reflection-path.js';

/** The RPCs without the field whose handlers show a held caller its own organizations only. */
const NARROWED = new Set([
  '/userstore.v1.OrganizationService/ListOrganizations',
  '/userstore.v1.SessionService/CheckSession',
  '/userstore.v1.WebhookService/GetWebhook',
]);

/** The lists whose handlers show a held caller its own organizations only, if the request names none or all. */
const LISTS = new Set([
  '/userstore.v1.ActivityService/ListActivities',
  '/userstore.v1.EventService/ListEvents',
  '/userstore.v1.SearchService/FindNames',
  '/userstore.v1.SearchService/Search',
  '/userstore.v1.WebhookService/ListWebhooks',
]);

/** Checks the decoded request of a caller. Throws CALLER_FORBIDDEN. */
export function checkOrganization({ name, organizationIds }: Caller, path: string, request: unknown): void {
  if (!organizationIds || NARROWED.has(path) || isReflection(path)) return;
  const { organizationId, allOrganizations } = request as { organizationId?: unknown; allOrganizations?: unknown };
  if (typeof organizationId === 'string' && organizationIds.includes(organizationId)) return;
  if ((organizationId === undefined || allOrganizations === true) && LISTS.has(path)) return;
  const rpc = path.slice(path.lastIndexOf('.') + 1);
  const message =
    organizationId === undefined
      ? `"${name}" is held to organizations: ${rpc} must name one of them, and cannot be called without one.`
      : `"${name}" is held to organizations, and may not see this one.`;
  throw new DomainError(ErrorReason.ERROR_REASON_CALLER_FORBIDDEN, message);
}
