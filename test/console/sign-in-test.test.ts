/** The console tests the single sign-on of an organization at its provider, and says the outcome in words. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import type { Role } from '../../console/staff/role.js';
import { startConsole, type TestConsole, visitorOf } from '../harness/console.js';
import { type Okta, startOkta } from '../harness/okta.js';
import { createTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { newConnection, setConnection } from '../harness/sso.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const CLIENT_ID = '0oa1abcdEFGH2ijkl5d7';
const SECRET = 'the-secret-of-the-app-at-the-provider';

describe('the test of single sign-on in the console', () => {
  let running: TestConsole;
  let strict: TestConsole;
  let admin: UserstoreClient;
  let okta: Okta;
  let other: Server | undefined;
  before(async () => {
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    strict = await startConsole(pair.address, pair.origin, undefined, 0, SERVICE_TOKENS, []);
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
    const redirectUri = `${pair.origin}/login/return/any`;
    okta = await startOkta([], { clientId: CLIENT_ID, clientSecret: SECRET, redirectUri, signOutUri: redirectUri });
  });
  after(async () => {
    admin?.close();
    await okta?.stop();
    await running?.stop();
    await strict?.stop();
  });
  afterEach(() => {
    other?.closeAllConnections();
    other?.close();
    other = undefined;
  });

  /** Connects a new organization to an issuer and tests it as a person of this role. */
  async function test(issuer: string, secret = SECRET, role: Role = 'admin', from = running) {
    const { organizationId } = await createTenant(await sharedPair());
    await setConnection(admin, organizationId, newConnection({ issuer, clientId: CLIENT_ID }), secret);
    const { status, text } = await visitorOf(from, role).post(`/organizations/${organizationId}/acts/test-sign-in`);
    // Another organization may then have the client.
    await admin.deleteSsoConnection({ organizationId, actor: actor() });
    expect(status).to.equal(200);
    expect(text).not.to.include(secret);
    expect(from.lines.join('')).not.to.include(secret);
    return text;
  }
  /** Starts a provider that gives this text as its discovery document. Returns its issuer. */
  async function answering(text: (issuer: string) => string): Promise<string> {
    other = createServer((request, response) => response.end(text(`http://${request.headers.host}`)));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    return `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  }

  it('says that the provider accepts the client id and the secret', async () => {
    expect(await test(okta.issuer))
      .to.include('accepts the client id and the client secret.')
      .and.include(`${okta.issuer}/.well-known/openid-configuration`);
    expect(okta.requests).to.include.members([
      '/.well-known/openid-configuration',
      '/oauth2/v1/keys',
      '/oauth2/v1/token',
    ]);
  });

  it('says that the provider refuses a wrong secret', async () => {
    expect(await test(okta.issuer, `wrong-${randomUUID()}`))
      .to.include('Nobody can sign in with this provider')
      .and.include('invalid_client');
  });

  it('says that nothing listens at the issuer, and does not blame the provider', async () => {
    expect(await test(`http://127.0.0.1:${await freePort()}`))
      .to.include('nothing listens there')
      .and.include('cannot see whether people can sign in')
      .and.not.include('Nobody can sign in');
  });

  it('does not use the client secret for the role "support", and says so', async () => {
    const before = okta.requests.filter((path) => path === '/oauth2/v1/token').length;
    expect(await test(okta.issuer, SECRET, 'support'))
      .to.include('The provider is as it should be.')
      .and.include('Only the role &quot;admin&quot; may use the client secret');
    expect(okta.requests.filter((path) => path === '/oauth2/v1/token').length).to.equal(before);
  });

  it('connects to no private address that is not allowed by name', async () => {
    const before = okta.requests.length;
    expect(await test(okta.issuer, SECRET, 'admin', strict)).to.include('127.0.0.1 is not a public address');
    expect(okta.requests.length).to.equal(before);
  });

  it('escapes and folds texts of the provider', async () => {
    const name = `<script>alert(1)</script>\u202e${'x'.repeat(5000)}`;
    expect(await test(await answering(() => JSON.stringify({ issuer: name }))))
      .to.include('It calls itself &lt;script>')
      .and.match(/<details><summary><bdi>It calls itself/)
      .and.not.include('<script>');
  });

  it('is offered where there is a connection, to support and not to a viewer', async () => {
    const { organizationId } = await createTenant(await sharedPair());
    const page = `/organizations/${organizationId}`;
    const offer = `${page}/acts/test-sign-in`;
    const isOffered = async (role: Role) => (await visitorOf(running, role).get(page)).text.includes(offer);
    expect(await isOffered('support')).to.equal(false);
    expect((await visitorOf(running, 'support').post(offer)).status).to.equal(404);
    await setConnection(admin, organizationId, newConnection());
    expect([await isOffered('viewer'), await isOffered('support')]).to.deep.equal([false, true]);
    expect((await visitorOf(running, 'support').get(offer)).text).to.include('okta.example');
  });
});
