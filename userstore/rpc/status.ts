/** The gRPC status of each error. */
import { Metadata, status } from '@grpc/grpc-js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../model/domain-error.js';
import { isUnavailable } from '../storage/database-errors.js';
import { failureTrailers } from './failure-trailers.js';
import { OverloadedError } from './load-shedding.js';

/** The canonical code of each reason (google.rpc.Code). */
const CODES: Record<ErrorReason, status> = {
  [ErrorReason.ERROR_REASON_UNSPECIFIED]: status.INTERNAL,
  [ErrorReason.UNRECOGNIZED]: status.INTERNAL,
  [ErrorReason.ERROR_REASON_USER_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_USER_NAME_TAKEN]: status.ALREADY_EXISTS,
  [ErrorReason.ERROR_REASON_ETAG_MISMATCH]: status.ABORTED,
  [ErrorReason.ERROR_REASON_WRITE_CONTENTION]: status.ABORTED,
  [ErrorReason.ERROR_REASON_FIELD_INVALID]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_PATCH_FIELD_UNKNOWN]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_PATCH_TARGET_MISSING]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_ATTRIBUTE_IMMUTABLE]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_PAGE_TOKEN_INVALID]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_ORDER_UNSUPPORTED]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_LIST_TOO_COSTLY]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_LISTS_TOO_MANY]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_API_TOKEN_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_POLICY_REFUSED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_GROUP_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_GROUP_NAME_TAKEN]: status.ALREADY_EXISTS,
  [ErrorReason.ERROR_REASON_MEMBER_UNKNOWN]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_API_TOKEN_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_API_TOKEN_INVALID]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SIGN_IN_NO_USER]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SIGN_IN_OTHER_SUBJECT]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_USER_DISABLED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_USER_LOCKED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_ORGANIZATION_SUSPENDED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_SESSION_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SESSION_EXPIRED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_SESSION_REVOKED]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_SSO_CONNECTION_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_DOMAIN_TAKEN]: status.ALREADY_EXISTS,
  [ErrorReason.ERROR_REASON_SSO_CONNECTION_TAKEN]: status.ALREADY_EXISTS,
  [ErrorReason.ERROR_REASON_SECRET_KEY_MISSING]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_INVALID]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_EXPIRED]: status.OUT_OF_RANGE,
  [ErrorReason.ERROR_REASON_EVENT_CURSOR_UNKNOWN]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_EVENT_WATCH_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_WEBHOOK_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_WEBHOOK_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_WEBHOOK_LEASE_LOST]: status.ABORTED,
  [ErrorReason.ERROR_REASON_USER_AMBIGUOUS]: status.FAILED_PRECONDITION,
  [ErrorReason.ERROR_REASON_REQUEST_ID_REUSED]: status.INVALID_ARGUMENT,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_NAME_TAKEN]: status.ALREADY_EXISTS,
  [ErrorReason.ERROR_REASON_SERVICE_ACCOUNT_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_SETUP_LINK_INVALID]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SETUP_LINK_NOT_FOUND]: status.NOT_FOUND,
  [ErrorReason.ERROR_REASON_SETUP_LINK_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_SETUP_TOKEN_LIMIT_REACHED]: status.RESOURCE_EXHAUSTED,
  [ErrorReason.ERROR_REASON_CALLER_UNKNOWN]: status.UNAUTHENTICATED,
  [ErrorReason.ERROR_REASON_CALLER_FORBIDDEN]: status.PERMISSION_DENIED,
};

/** Returns the status of a failed call. Only the log tells the cause of an error that is not a DomainError. */
export function statusOf(error: unknown) {
  if (error instanceof DomainError) {
    const code = CODES[error.reason];
    const metadata = failureTrailers(code, error);
    // A limit holds at every userstore, and a list has waited for its turn: the client's library must not retry.
    if (code === status.RESOURCE_EXHAUSTED) metadata.merge(pushback(NEVER));
    return { code, details: error.message, metadata };
  }
  if (error instanceof OverloadedError) {
    const { message: details, retryMs } = error;
    return { code: status.RESOURCE_EXHAUSTED, details, metadata: pushback(retryMs ?? NEVER) };
  }
  if (isUnavailable(error)) {
    // The driver has retried already, and every other userstore uses the same database: the client's library must not
    // retry.
    return { code: status.UNAVAILABLE, details: 'The database is away or late.', metadata: pushback(NEVER) };
  }
  return { code: status.INTERNAL, details: 'The service failed; its log says why.' };
}

const NEVER = -1;

/** Returns the trailers that tell the client's library when it may send the call again (gRFC A6). */
function pushback(ms: number): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', String(ms));
  return metadata;
}
