/** The mapping of every error to a SCIM error, with the table of userstore's error reasons for SCIM. */

import { UserstoreError } from '../client/errors.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';
import { nameTakenDetail } from './name-taken.js';
import { scimNameOf } from './scim/attributes.js';
import { ScimError, type ScimType } from './scim/scim-error.js';

/** Okta understands whole seconds only. */
const RETRY_AFTER = { 'Retry-After': '5' };

const INTERNAL = new ScimError(
  500,
  undefined,
  'The service failed; LeaseHawk support can find out why by the request id.',
);
const UNAVAILABLE = new ScimError(
  503,
  undefined,
  'The user store cannot be reached at the moment; try again.',
  RETRY_AFTER,
);

/** HTTP status, scimType and detail of an error; without a detail, userstore's own message is sent. */
type Row = readonly [status: number, scimType: ScimType | undefined, detail?: string];

const ROWS: Record<ErrorReason, Row | undefined> = {
  [ErrorReason.ERROR_REASON_USER_NOT_FOUND]: [404, undefined, 'There is no user with this id.'],
  [ErrorReason.ERROR_REASON_USER_NAME_TAKEN]: [
    409,
    'uniqueness',
    'The userName is already used by another user of this organization, active or not.',
  ],
  [ErrorReason.ERROR_REASON_ETAG_MISMATCH]: [412, undefined],
  [ErrorReason.ERROR_REASON_WRITE_CONTENTION]: [503, undefined, 'Too many changes to the same at once; try again.'],
  [ErrorReason.ERROR_REASON_FIELD_INVALID]: [400, 'invalidValue'],
  [ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED]: [400, 'invalidFilter'],
  [ErrorReason.ERROR_REASON_PATCH_FIELD_UNKNOWN]: [400, 'invalidPath'],
  [ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING]: [400, 'noTarget'],
  [ErrorReason.ERROR_REASON_ATTRIBUTE_IMMUTABLE]: [400, 'mutability'],
  [ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID]: [400, 'invalidCursor'],
  [ErrorReason.ERROR_REASON_ORDER_UNSUPPORTED]: [400, 'invalidValue'],
  [ErrorReason.ERROR_REASON_POLICY_REFUSED]: [403, undefined],
  [ErrorReason.ERROR_REASON_LIST_TOO_COSTLY]: [400, 'tooMany'],
  [ErrorReason.ERROR_REASON_LISTS_TOO_MANY]: [429, undefined],
  [ErrorReason.ERROR_REASON_GROUP_NOT_FOUND]: [404, undefined, 'There is no group with this id.'],
  [ErrorReason.ERROR_REASON_GROUP_NAME_TAKEN]: [
    409,
    'uniqueness',
    'The displayName is already used by another group of this organization.',
  ],
  [ErrorReason.ERROR_REASON_MEMBER_UNKNOWN]: [400, 'invalidValue'],
  // No SCIM request can cause these, so they mean that edge and userstore do not match: an internal error.
  [ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_API_TOKEN_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_API_TOKEN_INVALID]: undefined,
  [ErrorReason.ERROR_REASON_API_TOKEN_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_INVALID]: undefined,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_EXPIRED]: undefined,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_UNKNOWN]: undefined,
  [ErrorReason.ERROR_REASON_EVENT_WATCH_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_WEBHOOK_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_WEBHOOK_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_WEBHOOK_LEASE_LOST]: undefined,
  [ErrorReason.ERROR_REASON_SIGN_IN_NO_USER]: undefined,
  [ErrorReason.ERROR_REASON_SIGN_IN_OTHER_SUBJECT]: undefined,
  [ErrorReason.ERROR_REASON_USER_DISABLED]: undefined,
  [ErrorReason.ERROR_REASON_USER_LOCKED]: undefined,
  [ErrorReason.ERROR_REASON_ORGANIZATION_SUSPENDED]: undefined,
  [ErrorReason.ERROR_REASON_SESSION_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_SESSION_EXPIRED]: undefined,
  [ErrorReason.ERROR_REASON_SESSION_REVOKED]: undefined,
  [ErrorReason.ERROR_REASON_SSO_CONNECTION_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_DOMAIN_TAKEN]: undefined,
  [ErrorReason.ERROR_REASON_SSO_CONNECTION_TAKEN]: undefined,
  [ErrorReason.ERROR_REASON_SECRET_KEY_MISSING]: undefined,
  [ErrorReason.ERROR_REASON_USER_AMBIGUOUS]: undefined,
  [ErrorReason.ERROR_REASON_REQUEST_ID_REUSED]: undefined,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_NAME_TAKEN]: undefined,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_SETUP_LINK_INVALID]: undefined,
  [ErrorReason.ERROR_REASON_SETUP_LINK_NOT_FOUND]: undefined,
  [ErrorReason.ERROR_REASON_SETUP_LINK_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_SETUP_TOKEN_LIMIT_REACHED]: undefined,
  [ErrorReason.ERROR_REASON_CALLER_UNKNOWN]: undefined,
  [ErrorReason.ERROR_REASON_CALLER_FORBIDDEN]: undefined,
  [ErrorReason.ERROR_REASON_UNSPECIFIED]: undefined,
  [ErrorReason.UNRECOGNIZED]: undefined,
};

/** Errors that body-parser raises, by their `type`. */
const HTTP_DETAILS: Record<string, readonly [status: number, scimType: ScimType | undefined, detail: string]> = {
  'entity.too.large': [413, undefined, 'The request body is larger than 5 MB.'],
  'encoding.unsupported': [415, undefined, 'The Content-Encoding of the request body is not supported.'],
  'request.aborted': [400, 'invalidSyntax', 'The request body is incomplete.'],
  'request.size.invalid': [400, 'invalidSyntax', 'The request body is not as long as Content-Length says.'],
};

/** Maps an error to a SCIM error. An unexpected one becomes a 500 that does not disclose its cause. */
export function toScimError(error: unknown): ScimError {
  if (error instanceof ScimError) return error;
  if (error instanceof UserstoreError) return fromStoreError(error);
  const { type, status } = (error ?? {}) as { type?: unknown; status?: unknown };
  const row = typeof type === 'string' ? HTTP_DETAILS[type] : undefined;
  if (row) return new ScimError(...row);
  // From Express: a malformed percent-escape in the path, or a malformed gzip body.
  if (status === 400) return new ScimError(400, 'invalidSyntax', 'The request is malformed.');
  return INTERNAL;
}

function fromStoreError({ failure, isUnavailable, message }: UserstoreError): ScimError {
  if (!failure) return isUnavailable ? UNAVAILABLE : INTERNAL;
  const row = ROWS[failure.reason];
  if (!row) return INTERNAL;
  const [status, scimType, detail] = row;
  const own = !failure.field ? message : `${scimNameOf(failure.field)}: ${message}`;
  const taken = nameTakenDetail(failure);
  return new ScimError(status, scimType, taken ?? detail ?? own, status === 503 || status === 429 ? RETRY_AFTER : {});
}
