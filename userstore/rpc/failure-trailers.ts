/** The status details of a failed call (AIP-193), which `client/errors.ts` reads. */
import { Metadata, type status } from '@grpc/grpc-js';
import { ErrorInfo } from '../../proto/gen/google/rpc/error_details.js';
import { Status } from '../../proto/gen/google/rpc/status.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { DomainError } from '../model/domain-error.js';

const DOMAIN = 'userstore';
const PREFIX = 'ERROR_REASON_';
const TRAILER = 'grpc-status-details-bin';
const TYPE_URL = `type.googleapis.com/${ErrorInfo.$type}`;

/** Returns the trailers of a failed call: a google.rpc.Status with one ErrorInfo. */
export function failureTrailers(code: status, { message, reason, field, userId, details }: DomainError): Metadata {
  const info = ErrorInfo.encode({
    reason: ErrorReason[reason].slice(PREFIX.length),
    domain: DOMAIN,
    metadata: {
      ...details,
      ...(field === undefined ? {} : { field, json_field: jsonName(field) }),
      ...(userId === undefined ? {} : { user_id: userId }),
    },
  }).finish();
  const infos = [{ typeUrl: TYPE_URL, value: Buffer.from(info) }];
  const trailers = new Metadata();
  trailers.set(TRAILER, Buffer.from(Status.encode({ code, message, details: infos }).finish()));
  return trailers;
}

/** Returns the name of a field in JSON (ProtoJSON): "name.givenName". A URN is the same in both spellings. */
const jsonName = (field: string): string =>
  field.includes(':') ? field : field.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
