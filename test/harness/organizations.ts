/**
 * Organizations with a token: a fresh one for each test, or the one of a running deployment that SCIM_BASE_URL and
 * SCIM_TOKEN name.
 */

import { connect } from '../../bin/admin/userstore.js';
import type { ClientTls } from '../../client/credentials.js';
import { testMongodbUri } from './mongod.js';
import { type Pair, SERVICE_TOKENS, startPair } from './processes.js';
import { type Scim, scimClient } from './scim.js';

/** An organization as its Okta knows it. */
export interface Tenant {
  organizationId: string;
  /** The secret of its API token, a UUID. */
  secret: string;
  apiTokenId: string;
  /** …/{organizationId}/scim/v2 */
  baseUrl: string;
  scim: Scim;
}

/**
 * The organization of a deployment; tests that need only a base URL and a token run against it. They leave users
 * behind, so it should be one made for testing.
 */
function deployment(): Tenant | undefined {
  const { SCIM_BASE_URL, SCIM_TOKEN } = process.env;
  if (!SCIM_BASE_URL || !SCIM_TOKEN) return undefined;
  const baseUrl = SCIM_BASE_URL.replace(/\/+$/, '');
  const secret = SCIM_TOKEN.replace(/^\S+ +/, '');
  const organizationId = /([^/]+)\/scim\/v2$/.exec(baseUrl)?.[1] ?? '';
  return { organizationId, secret, apiTokenId: '', baseUrl, scim: scimClient(baseUrl, `apikey ${secret}`) };
}

/** Skips what needs processes, a second organization or an empty one, when the suite runs against a deployment. */
export function needsOwnPair(context: Mocha.Context): void {
  if (!deployment()) return;
  console.log('      skipped: needs its own pair of services, not a deployment');
  context.skip();
}

/** Creates an organization and a token on this pair. */
export async function createTenant(
  { origin, address }: Pick<Pair, 'origin' | 'address'>,
  tls: ClientTls = {},
  adminToken = SERVICE_TOKENS.admin,
): Promise<Tenant> {
  const admin = connect(address, adminToken, tls);
  try {
    const { id: organizationId } = await admin.createOrganization('Test organization');
    // Tests send more than an Okta does.
    await admin.updateOrganization(organizationId, () => ({ rateLimit: { perSecond: 10_000, burst: 100_000 } }));
    const { apiToken, secret } = await admin.issueToken(organizationId, 'test');
    const baseUrl = `${origin}/${organizationId}/scim/v2`;
    return { organizationId, secret, apiTokenId: apiToken.id, baseUrl, scim: scimClient(baseUrl, `apikey ${secret}`) };
  } finally {
    admin.close();
  }
}

let shared: Promise<Pair> | undefined;

/** The database of the shared pair. */
export const sharedMongodbUri = (): string => testMongodbUri(`scim-${process.pid}`);

/** The pair that all suites share which do not break it. */
export const sharedPair = (): Promise<Pair> => (shared ??= startPair(sharedMongodbUri()));

/** A fresh organization on the shared pair; against a deployment, always the same one. */
export const freshTenant = async (): Promise<Tenant> => deployment() ?? createTenant(await sharedPair());

export const mochaHooks = {
  async afterAll(): Promise<void> {
    // A worker of a parallel run is here after each file. It keeps its pair, whose processes end when the worker does.
    if (!process.env.MOCHA_WORKER_ID) await (await shared)?.stop();
  },
};
