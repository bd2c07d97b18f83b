/** An Okta for browsers: a real OpenID provider on a loopback port, with Okta's addresses, claims and sign-in page. */

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { freePort } from '../../bin/port.js';
import { Provider } from './oidc-provider.js';

/** A person in Okta. */
export interface OktaPerson {
  /** 00u… */
  id: string;
  /** The Okta login. */
  login: string;
  /** The groups that the claim "groups" lists. */
  groups?: string[];
}

/** An application in Okta. */
export interface OktaApp {
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  signOutUri: string;
}

/** A running Okta. */
export interface Okta {
  issuer: string;
  /** Paths that were asked for, in order. */
  requests: string[];
  stop: () => Promise<void>;
}

/** Starts an Okta at which these people can sign in to these applications; their password is never looked at. */
export async function startOkta(people: OktaPerson[], app: OktaApp, port?: number): Promise<Okta> {
  const ownPort = port ?? (await freePort());
  const issuer = `http://127.0.0.1:${ownPort}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: app.clientId,
        client_secret: app.clientSecret,
        redirect_uris: [app.redirectUri],
        post_logout_redirect_uris: [app.signOutUri],
        token_endpoint_auth_method: 'client_secret_basic',
        // Okta's ID token always has "auth_time".
        require_auth_time: true,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'okta-1' }] },
    cookies: { keys: ['the cookie key of a test'] },
    routes: {
      authorization: '/oauth2/v1/authorize',
      token: '/oauth2/v1/token',
      userinfo: '/oauth2/v1/userinfo',
      jwks: '/oauth2/v1/keys',
      end_session: '/oauth2/v1/logout',
    },
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'], groups: ['groups'] },
    // Okta's ID token has the claims of the scopes that were asked for.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        // Okta signs out without a question.
        logoutSource: (ctx, form) => {
          const yes = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>');
          ctx.body = `<!doctype html><title>Okta</title>${yes}<script>document.forms[0].submit()</script>`;
        },
      },
    },
    interactions: { url: (_ctx, { uid }) => `/signin/${uid}` },
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: client?.clientId ?? '' });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
    findAccount: (_ctx, id) => {
      const person = people.find((candidate) => candidate.id === id);
      if (!person) return undefined;
      const { login, groups = [] } = person;
      const claims = { sub: id, name: login, preferred_username: login, email: login, groups };
      return { accountId: id, claims: () => claims };
    },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, Session: 3600 },
  });

  async function signInPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
      const person = people.find(({ login }) => login === form.get('username'));
      const result = person ? { login: { accountId: person.id } } : { error: 'access_denied' };
      await provider.interactionFinished(request, response, result);
      return;
    }
    const { params } = await provider.interactionDetails(request, response);
    const hint = String(params.login_hint ?? '').replace(/[^\w.@+-]/g, '');
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>Okta – Sign In</title>
      <form method="post"><input name="username" value="${hint}"><button>Sign in at Okta</button></form>`);
  }

  const requests: string[] = [];
  const handle = provider.callback();
  const server = createServer((request, response) => {
    requests.push(request.url?.split('?', 1)[0] ?? '');
    if (!request.url?.startsWith('/signin/')) void handle(request, response);
    else signInPage(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(ownPort, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { issuer, requests, stop };
}
