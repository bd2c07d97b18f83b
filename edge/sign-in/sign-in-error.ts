/** A failed sign-in: the page for the person, and the reason for support. */

/**
 * The person's way out. "refused": ask their administrator; "expired": begin again; "trouble": try again later, as the
 * provider or the network to it fails.
 */
type Kind = 'refused' | 'expired' | 'trouble';

/** The message is for the activity log: no secret, and nothing that the browser could have made up. */
export class SignInError extends Error {
  constructor(
    readonly kind: Kind,
    reason: string,
    readonly userId?: string,
  ) {
    super(reason);
  }
}
