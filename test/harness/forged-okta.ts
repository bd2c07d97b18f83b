/**
 * An Okta under an attacker's control, or in trouble: a test chooses its answers and the key that signs them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { freePort } from '../../bin/port.js';

/** A pair of keys and its name. */
export interface Keys {
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

/** The parts of an ID token. */
export interface Draft {
  header: Record<string, unknown>;
  claims: JWTPayload;
  keys: Keys;
}

/** A new pair of keys. */
export async function newKeys(kid: string = randomUUID()): Promise<Keys> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } };
}

/** Signs a JWT. */
export const signed = ({ header, claims, keys }: Draft): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: keys.kid, ...header }).sign(keys.privateKey);

/** In seconds. */
export const now = () => Math.floor(Date.now() / 1000);

const used = new Set<number>();

/** Returns a port that no provider had before: an edge caches the discovery document of each. */
async function unusedPort(): Promise<number> {
  const port = await freePort();
  if (used.has(port)) return await unusedPort();
  used.add(port);
  return port;
}

/** A running provider. Its answers follow from its properties, which tests change. */
export type ForgedOkta = Awaited<ReturnType<typeof startForgedOkta>>;

/** Starts one in which there is one person, of this id and login. */
export async function startForgedOkta(person: { id: string; login: string }) {
  const port = await unusedPort();
  const issuer = `http://127.0.0.1:${port}`;
  const keys = await newKeys();
  const grants = new Map<string, URLSearchParams>();
  /** Paths that were asked for. */
  const requests: string[] = [];

  const okta = {
    issuer,
    keys,
    requests,
    person,
    /** Which it publishes. */
    published: [keys.jwk],
    /** Optional metadata of the provider. */
    metadata: {} as Record<string, unknown>,
    /** Makes the ID token out of the honest draft. */
    forge: signed as (draft: Draft) => Promise<string>,
    /** Replaces the answer at a path; returns true if it did. */
    instead: (_path: string, _response: ServerResponse): boolean => false,
    honest() {
      okta.published = [keys.jwk];
      okta.metadata = {};
      okta.forge = signed;
      okta.instead = () => false;
      requests.length = 0;
    },
    /** Signs the person in at once: where the browser that was sent to `location` comes back to. */
    signIn(location: string): string {
      const asked = new URL(location).searchParams;
      const code = randomUUID();
      grants.set(code, asked);
      return `${asked.get('redirect_uri')}?${new URLSearchParams({ code, state: asked.get('state') ?? '' })}`;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function token(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    const asked = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isOwn = asked?.get('redirect_uri') === form.get('redirect_uri') && asked?.get('code_challenge') === challenge;
    if (!asked || !isOwn) return [400, { error: 'invalid_grant' }];
    const clientId = asked.get('client_id') ?? '';
    const { id: sub, login } = person;
    const times = { iat: now(), exp: now() + 3600 };
    const nonce = asked.get('nonce');
    const claims = { iss: issuer, aud: clientId, sub, nonce, preferred_username: login, email: login, ...times };
    const idToken = await okta.forge({ header: {}, claims, keys });
    return [200, { access_token: 'opaque', token_type: 'Bearer', expires_in: 3600, id_token: idToken }];
  }

  async function answer(path: string, request: IncomingMessage): Promise<[status: number, body: unknown]> {
    if (path === '/oauth2/v1/token') return await token(request);
    if (path === '/oauth2/v1/keys') return [200, { keys: okta.published }];
    if (path !== '/.well-known/openid-configuration') return [404, {}];
    const endpoints = { authorize: 'authorization_endpoint', token: 'token_endpoint', keys: 'jwks_uri' };
    const named = Object.entries(endpoints).map(([at, name]) => [name, `${issuer}/oauth2/v1/${at}`]);
    const algorithms = { id_token_signing_alg_values_supported: ['RS256'] };
    return [200, { issuer, ...Object.fromEntries(named), ...algorithms, ...okta.metadata }];
  }

  const server = createServer(async (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    requests.push(path);
    if (okta.instead(path, response)) return;
    const [status, body] = await answer(path, request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // A test that fails before it stops this one must not keep all tests from ending.
  server.unref();
  return okta;
}
