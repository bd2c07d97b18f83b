/** The dependencies that the handlers of sign-in share. */
import type { Logger } from 'pino';
import { createProviderHosts } from '../../../config/provider-hosts.js';
import type { ActivityRecorder } from '../../activity/recorder.js';
import { formAction } from '../../pages/form-action.js';
import { createBrowserSessions } from '../../sign-in/browser-session.js';
import { createCsrfProtection } from '../../sign-in/csrf.js';
import { createSignInFlow } from '../../sign-in/flow.js';
import { createProviderFetch } from '../../sign-in/outbound.js';
import { createProviders } from '../../sign-in/provider.js';
import { createSeals } from '../../sign-in/seal.js';
import { createSignInActivities } from '../../sign-in/sign-in-activity.js';
import { createSignInLimits } from '../../sign-in/sign-in-limits.js';
import type { StoreClient } from '../../store-client.js';

/** The configuration of sign-in; without it, sign-in is not possible. */
export interface SignInOptions {
  /** The edge's own origin, as browsers and providers see it. */
  publicUrl: string;
  /** The application, where a browser goes after sign-in. */
  appUrl: string;
  /** The address where people with a password sign in; undefined: passwords are not offered. */
  passwordUrl: string | undefined;
  /** The secret of the seals, the same at all edges of the installation. */
  secret: string;
  /** Hosts of providers that may be at private addresses. */
  allowedHosts: readonly string[];
}

/** The shared dependencies. */
export type SignInContext = ReturnType<typeof createSignInContext>;

/** Creates the dependencies of one edge. */
export function createSignInContext(
  options: SignInOptions,
  store: StoreClient,
  activities: ActivityRecorder,
  log: Logger,
) {
  const { publicUrl, appUrl, passwordUrl, secret, allowedHosts } = options;
  const sealing = createSeals(secret);
  const known = createProviders(createProviderFetch(createProviderHosts(allowedHosts)));
  return {
    store,
    log,
    publicUrl,
    appUrl,
    passwordUrl,
    providers: known,
    flow: createSignInFlow({ store, seals: sealing, providers: known, publicUrl }),
    seals: sealing,
    forms: createCsrfProtection(sealing, publicUrl),
    sessions: createBrowserSessions(store, log),
    limits: createSignInLimits(),
    record: createSignInActivities(activities),
    formAction: formAction({ publicUrl, appUrl, passwordUrl }),
  };
}
