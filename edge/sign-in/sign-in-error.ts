/** A sign-in that does not succeed: what the person is told, and what is written down for those who are asked why. */

/**
 * What a person can do about it: "refused" nothing but ask his administrator; "expired" begin again; "trouble" try again,
 * as the provider or the way to it fails.
 */
type Kind = 'refused' | 'expired' | 'trouble';

/** The message is for the activity log: it has no secret and nothing that the browser could have made up. */
export class SignInError extends Error {
  constructor(
    readonly kind: Kind,
    reason: string,
    readonly userId?: string,
  ) {
    super(reason);
  }
}
