/** The errors of calls: a class for each status, with the reason and the field that userstore names (AIP-193). */
import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { ErrorInfo } from '../proto/gen/google/rpc/error_details.js';
import { Status } from '../proto/gen/google/rpc/status.js';
import { ErrorReason } from '../proto/gen/userstore/v1/error_reason.js';

const DOMAIN = 'userstore';
const PREFIX = 'ERROR_REASON_';
const TRAILER = 'grpc-status-details-bin';
const TYPE_URL = `type.googleapis.com/${ErrorInfo.$type}`;

/** The reason of a failed call, with its details. */
export interface RpcFailure {
  reason: ErrorReason;
  /** The contract's name of the field at fault, such as "user_name"; undefined if no field is. */
  field?: string | undefined;
  /** The same field as JSON spells it: "userName". */
  jsonField?: string | undefined;
  /** Id of the user that the failure is about; undefined if it is about none. */
  userId?: string | undefined;
  /** The other metadata, by the keys that the contract names for the reason. */
  details?: Readonly<Record<string, string>> | undefined;
}

type ReasonIn<Key> = Key extends `${typeof PREFIX}${infer Name}` ? Name : never;
/** The name of a reason as the comments of RPCs have it: "USER_NOT_FOUND". */
export type Reason = ReasonIn<keyof typeof ErrorReason>;
/** The name of a gRPC status: "NOT_FOUND". */
export type StatusName = keyof typeof status;

/** A failed call. */
export class UserstoreError extends Error {
  constructor(
    message: string,
    readonly code: StatusName,
    /** The reason in the contract's form; undefined if userstore gave none. */
    readonly failure?: RpcFailure,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = new.target.name;
  }

  /** The reason, such as "USER_NAME_TAKEN"; undefined if userstore gave none, or one that is newer than this client. */
  get reason(): Reason | undefined {
    const { reason = ErrorReason.UNRECOGNIZED } = this.failure ?? {};
    return reason === ErrorReason.UNRECOGNIZED ? undefined : (ErrorReason[reason].slice(PREFIX.length) as Reason);
  }

  /** The contract's name of the field at fault, such as "user_name"; undefined if no field is. */
  get field(): string | undefined {
    return this.failure?.field;
  }

  /** The name of that field in JSON: "userName". */
  get jsonField(): string | undefined {
    return this.failure?.jsonField;
  }

  /** Whether the same call may succeed later: userstore is away, too busy or too late, or the call was cancelled. */
  get isUnavailable(): boolean {
    return TRANSIENT.has(this.code);
  }

  /** Whether userstore is too busy, the request too large for it, or a limit reached. */
  get isExhausted(): boolean {
    return this.code === 'RESOURCE_EXHAUSTED';
  }
}

/** Userstore does not have what the request names. */
export class NotFoundError extends UserstoreError {}
/** Something else has the name, or the domain, that the request gives. */
export class AlreadyExistsError extends UserstoreError {}
/** The request is wrong; `field` says where. */
export class InvalidArgumentError extends UserstoreError {}
/** The state of the user, session or organization does not allow this. */
export class FailedPreconditionError extends UserstoreError {}
/** Another change came between: read again, decide again. */
export class AbortedError extends UserstoreError {}
/** The cursor is too old: list again. */
export class OutOfRangeError extends UserstoreError {}
/** Userstore does not know the token or certificate of this client. */
export class UnauthenticatedError extends UserstoreError {}
/** The role of this client does not allow the call. */
export class PermissionDeniedError extends UserstoreError {}
/** Userstore is too busy, the request too large for it, or a limit reached. */
export class ResourceExhaustedError extends UserstoreError {}
/** Userstore cannot be reached or did not answer in time. A change may or may not have happened. */
export class UnavailableError extends UserstoreError {}

const CLASSES: Partial<Record<StatusName, typeof UserstoreError>> = {
  NOT_FOUND: NotFoundError,
  ALREADY_EXISTS: AlreadyExistsError,
  INVALID_ARGUMENT: InvalidArgumentError,
  FAILED_PRECONDITION: FailedPreconditionError,
  ABORTED: AbortedError,
  OUT_OF_RANGE: OutOfRangeError,
  UNAUTHENTICATED: UnauthenticatedError,
  PERMISSION_DENIED: PermissionDeniedError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  UNAVAILABLE: UnavailableError,
  DEADLINE_EXCEEDED: UnavailableError,
  CANCELLED: UnavailableError,
};
const TRANSIENT = new Set<StatusName>(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED', 'RESOURCE_EXHAUSTED']);

/** Returns the error of a call that failed with this status. */
export function errorWith(code: StatusName, message: string, failure?: RpcFailure, cause?: unknown): UserstoreError {
  return new (CLASSES[code] ?? UserstoreError)(message, code, failure, cause);
}

/** Returns the error for one that grpc-js threw. */
export function errorOf(error: ServiceError): UserstoreError {
  // grpc-js reports a connection that breaks during a call in one of several ways.
  const isBroken = error.code === status.INTERNAL && error.details.startsWith('Received RST_STREAM');
  const code = isBroken ? 'UNAVAILABLE' : ((status[error.code] ?? 'UNKNOWN') as StatusName);
  return errorWith(code, error.details ?? error.message, error.metadata && failureIn(error.metadata), error);
}

/** Returns the failure in the trailers of a call; undefined if userstore gave no reason. */
function failureIn(trailers: Metadata): RpcFailure | undefined {
  const [packed] = trailers.get(TRAILER);
  if (!Buffer.isBuffer(packed)) return undefined;
  for (const { typeUrl, value } of Status.decode(packed).details) {
    if (typeUrl !== TYPE_URL) continue;
    const info = ErrorInfo.decode(value);
    const { field, json_field: jsonField, user_id: userId, ...details } = info.metadata;
    if (info.domain === DOMAIN) return { reason: reasonNamed(info.reason), field, jsonField, userId, details };
  }
  return undefined;
}

/** Returns the reason with this name; UNRECOGNIZED if the reason is newer than this build. */
function reasonNamed(name: string): ErrorReason {
  const found = Object.entries(ErrorReason).find(([key]) => key === PREFIX + name)?.[1];
  return typeof found === 'number' ? found : ErrorReason.UNRECOGNIZED;
}
