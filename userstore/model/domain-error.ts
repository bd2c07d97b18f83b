/** The errors of userstore's rules. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';

/**
 * A refusal with its reason. The message is for the caller; `field` is a name of the contract ("user_name"); `userId`
 * is the user concerned, if the caller cannot know it; `details` are the other metadata that the contract names.
 */
export class DomainError extends Error {
  constructor(
    readonly reason: ErrorReason,
    message: string,
    readonly field?: string,
    readonly userId?: string,
    readonly details?: Readonly<Record<string, string>>,
  ) {
    super(message);
  }
}

/** Creates the error for a filter that users or elements cannot be filtered by. */
export const unsupportedFilter = (message: string, field?: string) =>
  new DomainError(ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED, message, field);

/** Creates the error for a value that the field does not accept. */
export const invalidField = (field: string, message: string) =>
  new DomainError(ErrorReason.ERROR_REASON_FIELD_INVALID, message, field);
