/** How a failed call says why: reasons to and from the status details, the same on both sides of the contract. */
import { Metadata, type ServiceError, type status } from '@grpc/grpc-js';
import { ErrorInfo } from './gen/google/rpc/error_details.js';
import { Status } from './gen/google/rpc/status.js';
import { ErrorReason } from './gen/userstore/v1/error_reason.js';

const DOMAIN = 'userstore';
const PREFIX = 'ERROR_REASON_';
const TRAILER = 'grpc-status-details-bin';
const TYPE_URL = `type.googleapis.com/${ErrorInfo.$type}`;

/** Why a call failed, in which field of the contract ("user_name") where it was in one, and which user it was about. */
export interface RpcFailure {
  reason: ErrorReason;
  field?: string | undefined;
  userId?: string | undefined;
}

/** The trailers of a failed call: a google.rpc.Status with one ErrorInfo (AIP-193). */
export function failureTrailers(code: status, message: string, { reason, field, userId }: RpcFailure): Metadata {
  const info = ErrorInfo.encode({
    reason: ErrorReason[reason].slice(PREFIX.length),
    domain: DOMAIN,
    metadata: {
      ...(field === undefined ? {} : { field }),
      ...(userId === undefined ? {} : { user_id: userId }),
    },
  }).finish();
  const details = [{ typeUrl: TYPE_URL, value: Buffer.from(info) }];
  const trailers = new Metadata();
  trailers.set(TRAILER, Buffer.from(Status.encode({ code, message, details }).finish()));
  return trailers;
}

/** The failure in an error that a grpc-js client threw; undefined where userstore gave no reason. */
export function failureOf(error: ServiceError): RpcFailure | undefined {
  const [packed] = error.metadata.get(TRAILER);
  if (!Buffer.isBuffer(packed)) return undefined;
  for (const { typeUrl, value } of Status.decode(packed).details) {
    if (typeUrl !== TYPE_URL) continue;
    const info = ErrorInfo.decode(value);
    const { field, user_id: userId } = info.metadata;
    if (info.domain === DOMAIN) return { reason: reasonNamed(info.reason), field, userId };
  }
  return undefined;
}

/** A reason newer than this build reads as UNRECOGNIZED. */
function reasonNamed(name: string): ErrorReason {
  const found = Object.entries(ErrorReason).find(([key]) => key === PREFIX + name)?.[1];
  return typeof found === 'number' ? found : ErrorReason.UNRECOGNIZED;
}
