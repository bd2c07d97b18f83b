/** A failed sign-in: the page for the person, and the reason for support. */

/**
 * The person's way out. "refused": their Okta administrator can help. "blocked": only LeaseHawk support can, as for a
 * lock. "misconfigured": the provider does not accept LeaseHawk as a client; "clock": the provider's clock differs;
 * "unverified": the provider's answer is not valid; LeaseHawk support can help with all three. "expired": begin again.
 * "trouble": try again later, as the provider or the network to it fails.
 */
type Kind = 'refused' | 'blocked' | 'misconfigured' | 'clock' | 'unverified' | 'expired' | 'trouble';

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
