/** The failures that userstore's rules can end in. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';

/**
 * A refusal with its reason; the message is for the caller, `field` is the contract's name ("user_name"), `userId` whom it
 * is about where the caller could not know.
 */
export class DomainError extends Error {
  constructor(
    readonly reason: ErrorReason,
    message: string,
    readonly field?: string,
    readonly userId?: string,
  ) {
    super(message);
  }
}

/** A filter that users or elements cannot be filtered by. */
export const unsupportedFilter = (message: string, field?: string) =>
  new DomainError(ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED, message, field);

/** A value that the field does not take. */
export const invalidField = (field: string, message: string) =>
  new DomainError(ErrorReason.ERROR_REASON_FIELD_INVALID, message, field);
