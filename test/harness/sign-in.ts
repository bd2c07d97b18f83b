/** Organizations whose people sign in through an Okta, on an edge that knows its own address. */
import { randomBytes } from 'node:crypto';
import { freePort } from '../../bin/port.js';
import { testMongodbUri } from './mongod.js';
import { createTenant, type Tenant } from './organizations.js';
import { type Pair, SERVICE_TOKENS, startEdge, startPair } from './processes.js';
import { actor, type UserstoreClient, userstoreClient } from './userstore.js';

/** A pair at which people sign in. */
export interface SignInPair extends Pair {
  /** The edge's own address: a host that is another site than the providers'. */
  publicUrl: string;
  /** Where a browser goes afterwards. */
  appUrl: string;
  /** The settings that all edges of one installation share. */
  edgeEnv: Record<string, string>;
  /** userstore as LeaseHawk's support and as another service sees it. */
  admin: UserstoreClient;
  reader: UserstoreClient;
}

/** An organization with a connection. */
export interface SsoTenant extends Tenant {
  clientId: string;
  clientSecret: string;
  /** Of its people's e-mail addresses. */
  domain: string;
}

/** Starts a pair of services with its own database. */
export async function startSignInPair(name: string, env: Record<string, string> = {}): Promise<SignInPair> {
  const own = await addressesOf(env);
  const pair = await startPair(testMongodbUri(`${name}-${process.pid}`), own.edgeEnv);
  const admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
  const reader = userstoreClient(pair.address, SERVICE_TOKENS.reader);
  const stop = async () => {
    admin.close();
    reader.close();
    await pair.stop();
  };
  return { ...pair, ...own, admin, reader, stop };
}

/** Starts another edge, with its own address, over the userstore of a pair; `stop` ends only this edge. */
export async function startSignInEdge(pair: SignInPair, env: Record<string, string>): Promise<SignInPair> {
  const own = await addressesOf(env);
  return { ...pair, ...own, ...(await startEdge(pair.address, own.edgeEnv)) };
}

async function addressesOf(env: Record<string, string>) {
  const port = String(await freePort());
  const publicUrl = `http://localhost:${port}`;
  const appUrl = env.APP_URL ?? `${publicUrl}/app`;
  const secrets = { LOGIN_SECRET: randomBytes(32).toString('base64url') };
  const edgeEnv = { PORT: port, PUBLIC_URL: publicUrl, APP_URL: appUrl, ...secrets, ...env };
  return { publicUrl, appUrl: new URL(appUrl).href, edgeEnv };
}

/** A name that nothing else has. */
const fresh = () => randomBytes(6).toString('hex');

/** Creates an organization whose people sign in at `issuer`. */
export async function createSsoTenant(
  pair: SignInPair,
  issuer: string,
  more: { clientId?: string; required?: boolean } = {},
): Promise<SsoTenant> {
  const tenant = await createTenant(pair);
  const clientId = more.clientId ?? `0oa${fresh()}`;
  const clientSecret = `secret-${fresh()}`;
  const domain = `${fresh()}.example`;
  await pair.admin.setSsoConnection({
    organizationId: tenant.organizationId,
    actor: actor(),
    connection: {
      organizationId: '',
      issuer,
      clientId,
      domains: [domain],
      required: more.required,
      createTime: undefined,
      updateTime: undefined,
      etag: '',
    },
    clientSecret,
  });
  return { ...tenant, clientId, clientSecret, domain };
}

/** Returns the session as another service sees it; undefined if the token has none. */
export async function userOf({ reader }: SignInPair, sessionToken: string | undefined): Promise<string | undefined> {
  try {
    return (await reader.checkSession({ sessionToken: sessionToken ?? '' })).user?.id;
  } catch {
    return undefined;
  }
}
