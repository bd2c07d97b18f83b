/** Mutual TLS between userstore and all its callers. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { createCa } from '../../bin/certificates/issue.js';
import type { ClientTls } from '../../client/credentials.js';
import type { CertificateFiles, Pem } from '../../config/certificate-files.js';
import { followCertificates } from '../../config/certificates.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';
import { command, succeeding } from '../harness/commands.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { oktaUser } from '../harness/scim.js';
import { eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

describe('mutual TLS between edge, userstore and callers', function () {
  this.timeout(60_000);
  let folder: Folder;
  let pair: Pair;
  let tenant: Tenant;
  let env: Record<string, string>;
  before(async () => {
    folder = await certificatesOfTests();
    env = tlsVariables(folder);
    pair = await startPair(testMongodbUri(`mutual-${process.pid}`), env);
    tenant = await createTenant(pair, { certificates: await folder.clientOf('admin') });
  });
  after(async () => {
    await pair.stop();
    await folder.remove();
  });

  /** Returns the result of a look-up by a client with these certificates. */
  async function lookUp(tls: ClientTls, token?: string, ask: (client: UserstoreClient) => Promise<unknown> = list) {
    const client = userstoreClient(pair.address, token, 3000, tls);
    try {
      await ask(client);
      return 'OK';
    } catch (error) {
      const { code, reason } = await failureIn(Promise.reject(error));
      return reason ?? code;
    } finally {
      client.close();
    }
  }
  const list = (client: UserstoreClient) =>
    client.listUsers({ organizationId: tenant.organizationId, filter: undefined, order: undefined, skip: 0 });
  const webhooks = (client: UserstoreClient) => client.listWebhooks({});
  const following = async (files: CertificateFiles) => ({ certificates: await followCertificates(files) });
  const own = (name: string) => ({ cert: folder.path(`${name}.crt`), key: folder.path(`${name}.key`) });

  /** Returns the current content of the files, for a client that does not follow them. */
  async function asTheyAre(name: string) {
    const files = { ca: 'ca.crt', cert: `${name}.crt`, key: `${name}.key` };
    const read = Object.entries(files).map(async ([is, file]) => [is, await readFile(folder.path(file))]);
    const pem: Pem = Object.fromEntries(await Promise.all(read));
    return { certificates: { current: () => pem, follow: () => () => undefined, close: () => undefined } };
  }

  async function viaEdge(method: string, path: string, body?: unknown) {
    const headers = { Authorization: `apikey ${tenant.secret}`, 'Content-Type': 'application/scim+json' };
    const sent = request(tenant.baseUrl + path, { method, ca: folder.ca.cert, headers, agent: false });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode, body: JSON.parse(Buffer.concat(await response.toArray()).toString()) };
  }

  it('serves Okta through all of it, without any service token', async () => {
    const { status, body } = await viaEdge('POST', '/Users', oktaUser('bo@oakstreet.example'));
    expect(status).to.equal(201);
    expect((await viaEdge('GET', `/Users/${body.id}`)).body).to.deep.equal(body);
    expect(pair.edge.log()).not.to.include('USERSTORE_TOKEN');
    const line = /"rpc":"UserService\/CreateUser","caller":"the edge"/;
    await eventually('the call is logged', async () => line.test(pair.userstore.log()));
  });

  it('is not entered without a certificate, or without TLS, whatever the token', async () => {
    expect(await lookUp(await following({ ca: folder.path('ca.crt') }), SERVICE_TOKENS.admin)).to.equal('UNAVAILABLE');
    expect(await lookUp({}, SERVICE_TOKENS.admin)).to.equal('UNAVAILABLE');
  });

  it('is not entered with a certificate of another CA, of the same name', async () => {
    await folder.write('unknown', { role: 'admin' }, await createCa('CA of tests', 1));
    const tls = await following({ ca: folder.path('ca.crt'), ...own('unknown') });
    expect(await lookUp(tls)).to.equal('UNAVAILABLE');
  });

  it('is not entered with a certificate that has expired', async () => {
    await folder.write('late', { role: 'admin', days: -1 });
    // Past the client's own look at the date.
    expect(await lookUp(await asTheyAre('late'))).to.equal('UNAVAILABLE');
    await folder.write('late', { role: 'admin' });
    expect(await lookUp(await following({ ca: folder.path('ca.crt'), ...own('late') }))).to.equal('OK');
  });

  it('is not offered to a userstore of another CA, nor to one of another name', async () => {
    await folder.write('other-ca', {}, await createCa('CA of tests', 1));
    const other = await following({ ca: folder.path('other-ca.crt'), ...own('admin') });
    expect(await lookUp(other)).to.equal('UNAVAILABLE');
    const certificates = await folder.clientOf('admin');
    expect(await lookUp({ certificates, serverName: 'userstore.example' })).to.equal('UNAVAILABLE');
    expect(await lookUp({ certificates, serverName: 'localhost' })).to.equal('OK');
  });

  it('lets a token narrow what a certificate allows, and never widen it', async () => {
    for (const [certificate, token, expected] of [
      ['admin', undefined, 'OK'],
      ['admin', 'admin', 'OK'],
      ['reader', 'admin', 'CALLER_FORBIDDEN'],
      ['edge', 'admin', 'CALLER_FORBIDDEN'],
      ['admin', 'reader', 'CALLER_FORBIDDEN'],
      ['nobody', 'admin', 'CALLER_UNKNOWN'],
    ] as const) {
      const tls = { certificates: await folder.clientOf(certificate) };
      const outcome = await lookUp(tls, token && SERVICE_TOKENS[token], webhooks);
      expect(outcome, `${certificate} with the token of ${token}`).to.equal(expected);
    }
    const tls = { certificates: await folder.clientOf('admin') };
    expect(await lookUp(tls, 'a-token-that-nobody-has-given')).to.equal('CALLER_UNKNOWN');
  });

  it('tells its health to every client with a certificate of the CA, such as its own', async () => {
    for (const name of ['nobody', 'userstore', 'reader']) {
      const tls = { certificates: await folder.clientOf(name) };
      expect(await lookUp(tls, undefined, (client) => client.checkHealth({ service: '' }))).to.equal('OK');
    }
  });

  it('is there for the command admin', async () => {
    const variables = { ...env, USERSTORE_ADDRESS: pair.address };
    const listed = await succeeding(command('admin', ['--json', 'org', 'list'], variables));
    await succeeding(command('admin', ['session', 'list', tenant.organizationId], variables));
    const { stderr } = await command('admin', ['sso', 'show', tenant.organizationId], variables);
    expect(stderr).to.match(/no such SSO connection/);
    expect(JSON.parse(listed).map(({ id }: { id: string }) => id)).to.include(tenant.organizationId);

    const reader = {
      ...variables,
      ADMIN_CLIENT_CERT: folder.path('reader.crt'),
      ADMIN_CLIENT_KEY: folder.path('reader.key'),
    };
    expect(await command('admin', ['webhook', 'list'], reader)).to.deep.include({ code: 1, stdout: '' });
    const roleless = {
      ...variables,
      ADMIN_CLIENT_CERT: folder.path('nobody.crt'),
      ADMIN_CLIENT_KEY: folder.path('nobody.key'),
    };
    expect((await command('admin', ['org', 'list'], roleless)).stderr).to.match(/certificate does not name a role/);
    const nameless = { ...variables, USERSTORE_TLS_NAME: 'userstore.example' };
    expect((await command('admin', ['org', 'list'], nameless)).stderr).to.match(/cannot be reached.*altnames/);
  });

  it('continues with a new CA and new certificates without a restart of the edge, and refuses the old ones', async () => {
    const old = await asTheyAre('admin');
    expect(await lookUp(old)).to.equal('OK');
    const pid = pair.edge.pid();
    await folder.renew();
    await eventually('a client with the new CA is let in', async () => {
      return (await lookUp({ certificates: await folder.clientOf('admin') })) === 'OK';
    });
    // It believes userstore, so it is userstore who refuses.
    const ca = await readFile(folder.path('ca.crt'));
    const believing = { ...old.certificates, current: () => ({ ...old.certificates.current(), ca }) };
    await eventually(
      'an old certificate is not',
      async () => (await lookUp({ certificates: believing })) === 'UNAVAILABLE',
    );
    let answer: unknown;
    const isServed = async () => {
      answer = await viaEdge('GET', '/Users').catch((error: unknown) => error);
      return (answer as { status?: number }).status === 200;
    };
    await eventually('the edge has its new certificate, and its connection to userstore still', isServed).catch(
      (error: unknown) => {
        throw new Error(`${error}: ${inspect(answer)}\n${pair.edge.log().slice(-3000)}`);
      },
    );
    await pair.userstore.stop('SIGKILL');
    await pair.userstore.start();
    await eventually('the edge is connected again', isServed);
    expect(pair.edge.pid()).to.equal(pid);
  });
});
