/** Decodes the reason of a failed call from its status details (AIP-193). */
import type { ServiceError } from '@grpc/grpc-js';
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

/** Returns the failure in an error that a grpc-js client threw; undefined if userstore gave no reason. */
export function failureOf(error: ServiceError): RpcFailure | undefined {
  const [packed] = error.metadata.get(TRAILER);
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
