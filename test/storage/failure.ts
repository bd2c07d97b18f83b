/** The failure of a rule: the reason of a refusal, else the error's message. */
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DomainError } from '../../userstore/model/domain-error.js';

/** The reason without its prefix, "GROUP_NOT_FOUND"; throws if the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof DomainError) return ErrorReason[error.reason].replace('ERROR_REASON_', '');
    return (error as Error).message;
  }
  throw new Error('the call succeeded, though it must not');
}
