/** Organizations with an SSO connection, and people who sign in, as an edge does it. */
import { randomUUID } from 'node:crypto';
import type { SignInRequest } from '../../proto/gen/userstore/v1/session_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { createTenant, type Tenant } from './organizations.js';
import type { Pair } from './processes.js';
import { actor, type UserstoreClient } from './userstore.js';

/** A connection to set up, with its own issuer and domain. */
export const newConnection = (more: Partial<SsoConnection> = {}): SsoConnection => ({
  organizationId: '',
  issuer: `https://${randomUUID()}.okta.example`,
  clientId: '0oa1abcdEFGH2ijkl5d7',
  domains: [`${randomUUID()}.example`],
  createTime: undefined,
  updateTime: undefined,
  etag: '',
  ...more,
});

/** Sets a connection up; gives it as stored. */
export async function setConnection(
  admin: UserstoreClient,
  organizationId: string,
  connection: SsoConnection,
  clientSecret: string | undefined = 'a-client-secret',
): Promise<SsoConnection> {
  const set = await admin.setSsoConnection({ organizationId, actor: actor(), connection, clientSecret });
  if (!set.connection) throw new Error('no connection came back');
  return set.connection;
}

/** An organization with a token for SCIM and a connection. */
export async function createSsoTenant(
  pair: Pick<Pair, 'origin' | 'address'>,
  admin: UserstoreClient,
  more: Partial<SsoConnection> = {},
): Promise<Tenant & { issuer: string }> {
  const tenant = await createTenant(pair);
  const { issuer } = await setConnection(admin, tenant.organizationId, newConnection(more));
  return { ...tenant, issuer };
}

/** The request of an edge after it has checked an ID token. */
export const vouchedFor = (
  { organizationId, issuer }: { organizationId: string; issuer: string },
  subject: string,
  more: Partial<SignInRequest> = {},
): SignInRequest => ({ organizationId, issuer, subject, actor: actor(), ...more });

/** A subject as Okta has them. */
export const newSubject = (): string => `00u${randomUUID().replaceAll('-', '').slice(0, 17)}`;
