/** The sign-in flow: the sealed state that the browser keeps, and the checks of its return. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { UserstoreError } from '../../client/errors.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { SignInResponse } from '../../proto/gen/userstore/v1/session_service.js';
import type { UsableSsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { StoreClient } from '../store-client.js';
import type { Checks, Providers } from './provider.js';
import type { Seals } from './seal.js';
import { SignInError } from './sign-in-error.js';

/** Longest time that a person may take at the provider. */
export const ATTEMPT_SECONDS = 600;
/** userstore remembers a used state 60 s longer than an attempt can live. */
const USED_MS = (ATTEMPT_SECONDS + 60) * 1000;

/** The sealed state of a sign-in in progress. The browser keeps it. */
const attempt = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  organizationId: z.string(),
  issuer: z.string(),
  target: z.string(),
  /** "form": our own form began it; "link": a link did, which any site can make a browser follow. */
  begunBy: z.enum(['form', 'link']),
});
export type Attempt = z.infer<typeof attempt>;

/** The dependencies of the flow. */
export interface FlowOptions {
  store: StoreClient;
  seals: Pick<Seals, 'seal' | 'open'>;
  providers: Providers;
  /** The edge's own origin. */
  publicUrl: string;
}

/** The request that makes a step of the flow; `signal` is aborted when its client leaves. */
export interface MakingRequest {
  requestId: string;
  signal: AbortSignal;
}

/** Creates the flow. All its functions throw UserstoreError, ProviderError and SignInError. */
export function createSignInFlow({ store, seals, providers, publicUrl }: FlowOptions) {
  // One URI per organization: a code of one provider never reaches another provider (RFC 9700 section 4.4.2.2).
  const redirectUri = (organizationId: string) => `${publicUrl}/login/return/${organizationId}`;

  async function connectionOf(
    { organizationId, issuer }: Attempt,
    { requestId, signal }: MakingRequest,
  ): Promise<UsableSsoConnection> {
    const key = { $case: 'organizationId', value: organizationId } as const;
    const [found] = (await store.findSsoConnections({ key }, requestId, signal)).connections;
    if (found?.connection?.issuer === issuer) return found;
    throw new SignInError('expired', 'The connection was changed while the person signed in.');
  }

  return {
    /** Begins a sign-in. Returns the provider's address, the state, and the sealed state for the browser. */
    async begin(
      connection: UsableSsoConnection,
      { target, begunBy }: Pick<Attempt, 'target' | 'begunBy'>,
      loginHint: string | undefined,
      signal: AbortSignal,
    ) {
      const { organizationId = '', issuer = '' } = connection.connection ?? {};
      const checks: Checks = providers.newChecks();
      const location = await providers.signInUrl(connection, checks, redirectUri(organizationId), loginHint, signal);
      const kept: Attempt = { ...checks, organizationId, issuer, target, begunBy };
      const sealed = await seals.seal('attempt', kept, ATTEMPT_SECONDS);
      return { location, state: checks.state, sealed };
    },

    /** Opens the browser's sealed state. Returns undefined if it belongs to another organization or state. */
    async attemptIn(sealed: string | undefined, organizationId: string, state: unknown): Promise<Attempt | undefined> {
      const opened = sealed === undefined ? undefined : await seals.open('attempt', sealed);
      const { data } = attempt.safeParse(opened);
      return data && data.organizationId === organizationId && data.state === state ? data : undefined;
    },

    /** Consumes an attempt across all edges. Throws SignInError "expired" if it was used already. */
    async useUp({ state }: Attempt, { requestId, signal }: MakingRequest): Promise<void> {
      const key = createHash('sha256').update(`sign-in state ${state}`).digest('base64url');
      const { isFirst } = await store.useOnce({ key, expireTime: new Date(Date.now() + USED_MS) }, requestId, signal);
      if (!isFirst) throw new SignInError('expired', 'The sign-in was used already.');
    },

    /** Redeems the code in `query` and returns the person that the provider vouches for. */
    async personOf(attempt: Attempt, query: string, made: MakingRequest) {
      const connection = await connectionOf(attempt, made);
      return await providers.redeem(
        connection,
        attempt,
        new URL(`${redirectUri(attempt.organizationId)}?${query}`),
        made.signal,
      );
    },

    /** Begins a session for the user who is this person. */
    async sessionOf(
      { organizationId, issuer }: Attempt,
      { subject, preferredUsername, idToken }: Awaited<ReturnType<Providers['redeem']>>,
      { requestId, signal }: MakingRequest,
    ): Promise<SignInResponse> {
      const actor = { caller: 'edge', apiTokenId: undefined, requestId };
      try {
        return await store.signIn(
          { organizationId, actor, issuer, subject, preferredUsername, idToken },
          requestId,
          signal,
        );
      } catch (error) {
        const reason = error instanceof UserstoreError ? error.failure : undefined;
        const [kind, text] = (reason && REFUSALS[reason.reason]) ?? [];
        throw kind && reason ? new SignInError(kind, `${text} Okta user: ${subject}.`, reason.userId) : error;
      }
    },
  };
}

/** userstore's refusals: who can lift them, and the reasons for the activity log. */
const REFUSALS: Partial<Record<ErrorReason, readonly [kind: SignInError['kind'], text: string]>> = {
  [ErrorReason.ERROR_REASON_SIGN_IN_NO_USER]: [
    'refused',
    'No user of the organization is this person: by link, by external id, or by a user name that is not linked yet.',
  ],
  [ErrorReason.ERROR_REASON_SIGN_IN_OTHER_SUBJECT]: [
    'blocked',
    'The user of this name is linked to another Okta user.',
  ],
  [ErrorReason.ERROR_REASON_USER_DISABLED]: ['refused', 'The user is disabled.'],
  [ErrorReason.ERROR_REASON_USER_LOCKED]: ['blocked', 'The user is locked by LeaseHawk support.'],
  [ErrorReason.ERROR_REASON_ORGANIZATION_SUSPENDED]: ['blocked', 'The organization is suspended.'],
  [ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND]: ['blocked', 'The organization is gone.'],
  [ErrorReason.ERROR_REASON_SSO_CONNECTION_NOT_FOUND]: [
    'blocked',
    'The organization has no connection to this issuer any more.',
  ],
  [ErrorReason.ERROR_REASON_FIELD_INVALID]: ['refused', 'The claims of the ID token cannot be those of a user.'],
};
