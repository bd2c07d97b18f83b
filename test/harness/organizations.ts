/** Fresh organizations with a token, so that each test has a world of its own. */
import { connect } from '../../bin/admin/userstore.js';
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

/** Creates an organization and a token on this pair. */
export async function createTenant({ origin, address }: Pick<Pair, 'origin' | 'address'>): Promise<Tenant> {
  const admin = connect(address, SERVICE_TOKENS.admin);
  try {
    const { id: organizationId } = await admin.createOrganization('Test organization');
    const { apiToken, secret } = await admin.issueToken(organizationId, 'test');
    const baseUrl = `${origin}/${organizationId}/scim/v2`;
    return { organizationId, secret, apiTokenId: apiToken.id, baseUrl, scim: scimClient(baseUrl, `apikey ${secret}`) };
  } finally {
    admin.close();
  }
}

let shared: Promise<Pair> | undefined;

/** The pair that all suites share which do not break it. */
export const sharedPair = (): Promise<Pair> => (shared ??= startPair(testMongodbUri(`scim-${process.pid}`)));

/** A fresh organization on the shared pair. */
export const freshTenant = async (): Promise<Tenant> => createTenant(await sharedPair());

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await (await shared)?.stop();
  },
};
