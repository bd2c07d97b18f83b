/** Single sign-on and locked users, managed by support with the command line only, on a running pair. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { inspectProvider } from '../../outbound/discovery.js';
import { ANY_HOST } from '../../outbound/fetch-text.js';
import { runAdmin, succeeding } from '../harness/commands.js';
import { createTenant, needsOwnPair, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';
import { createSsoTenant, newSubject, vouchedFor } from '../harness/sso.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const SECRET = 'a-client-secret-of-support';

describe('the command admin, for single sign-on', function () {
  this.timeout(60_000);
  let env: Record<string, string>;
  let client: UserstoreClient;
  let edge: UserstoreClient;
  let folder: string;
  let secretFile: string;
  let organizationId: string;
  before(async function () {
    needsOwnPair(this);
    const { address } = await sharedPair();
    env = { ADMIN_TOKEN: SERVICE_TOKENS.admin, USERSTORE_ADDRESS: address, PUBLIC_URL: 'https://login.example/' };
    client = userstoreClient(address, SERVICE_TOKENS.admin);
    edge = userstoreClient(address, SERVICE_TOKENS.edge);
    folder = await mkdtemp(join(tmpdir(), 'sso-test-'));
    secretFile = join(folder, 'secret.txt');
    await writeFile(secretFile, `${SECRET}\n`);
  });
  after(async () => {
    client?.close();
    edge?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ({ organizationId } = await createTenant(await sharedPair()));
  });
  const admin = (...args: string[]) => runAdmin(args, env);
  const text = (...args: string[]) => succeeding(admin(...args));
  const json = async (...args: string[]) => JSON.parse(await text('--json', ...args));
  const failing = async (...args: string[]) => {
    const { code, stdout, stderr } = await admin(...args);
    expect([code, stdout, stderr.trim().split('\n').length]).to.deep.equal([1, '', 1]);
    return stderr;
  };
  /** Creates a connection to this issuer. */
  const setUp = (issuer: string, ...more: string[]) => {
    const given = ['--issuer', issuer, '--client-id', randomUUID(), '--client-secret-file', secretFile];
    return text('sso', 'set', organizationId, ...given, '--domain', `${organizationId}.example`, ...more);
  };

  it('creates a connection, shows the values for the Okta admin and never the secret, changes and deletes it', async () => {
    const issuer = `https://${organizationId}.okta.example`;
    const set = await setUp(`${issuer}/`, `mail.${organizationId}.example`);
    const shown = await text('sso', 'show', organizationId);
    for (const output of [set, shown]) {
      expect(output).not.to.include(SECRET);
      for (const line of [
        /Issuer +\S+okta\.example$/m,
        new RegExp(`E-mail domains +${organizationId}.example, mail.${organizationId}.example$`, 'm'),
        /Other ways in +refused$/m,
        new RegExp(`Sign-in redirect URI +https://login.example/login/return/${organizationId}$`, 'm'),
        /Sign-out redirect URI +https:\/\/login\.example\/logout$/m,
        /Initiate login URI +https:\/\/login\.example\/login\/okta$/m,
        /Universal Logout endpoint +https:\/\/login\.example\/login\/global-token-revocation$/m,
      ]) {
        expect(output).to.match(line);
      }
    }
    expect(await text('sso', 'show', organizationId, '--public-url', 'https://other.example')).to.match(
      /Initiate login URI +https:\/\/other\.example\/login\/okta/,
    );
    const before = await json('sso', 'show', organizationId);
    expect(before).to.include({ issuer, required: true });
    const changed = await json(
      'sso',
      'set',
      organizationId,
      '--domain',
      `new.${organizationId}.example`,
      '--not-required',
    );
    expect(changed).to.include({ issuer, clientId: before.clientId, required: false });
    expect(changed.domains).to.deep.equal([`new.${organizationId}.example`]);
    const key = { $case: 'organizationId', value: organizationId } as const;
    expect((await edge.findSsoConnections({ key })).connections[0]?.clientSecret).to.equal(SECRET);
    expect(await failing('sso', 'remove', organizationId)).to.include('--yes');
    await text('sso', 'remove', organizationId, '--yes');
    expect(await failing('sso', 'show', organizationId)).to.match(/no such SSO connection/);
  });

  it('reports a missing, invalid or used value in one line', async () => {
    expect(await failing('sso', 'set', organizationId)).to.match(/nothing to set/);
    expect(await failing('sso', 'set', organizationId, '--issuer', 'https://x.okta.example')).to.match(
      /--client-id, --client-secret-file and --domain/,
    );
    expect(await failing('sso', 'set', 'nobody2here', '--domain', 'x.example')).to.match(/no such organization/);
    const other = await createSsoTenant(await sharedPair(), client);
    const { connection } = await client.getSsoConnection({ organizationId: other.organizationId });
    const [domain = ''] = connection?.domains ?? [];
    const given = ['--client-id', 'x', '--client-secret-file', secretFile, '--domain', domain];
    expect(await failing('sso', 'set', organizationId, '--issuer', 'https://x.okta.example', ...given)).to.include(
      domain,
    );
    expect(await failing('sso', 'set', organizationId, '--issuer', 'http://x.okta.example', ...given)).to.match(
      /https:/,
    );
    const twoLines = join(folder, 'two-lines.txt');
    await writeFile(twoLines, `${SECRET}\nand more`);
    const error = await failing('sso', 'set', other.organizationId, '--client-secret-file', twoLines);
    expect(error).to.include(twoLines).and.not.include(SECRET);
    expect((await admin('sso', 'set', organizationId, '--nope')).code).to.equal(2);
  });

  it('refuses an issuer at a private, link-local, loopback or cluster address, in every spelling', async () => {
    const given = ['--client-id', 'x', '--client-secret-file', secretFile, '--domain', `${organizationId}.example`];
    const set = (issuer: string) => failing('sso', 'set', organizationId, '--issuer', issuer, ...given);
    for (const host of ['10.0.0.1', '169.254.169.254', '0x7f.2', '2130706434', '[::ffff:a00:1]', '[fd00::1]']) {
      expect(await set(`https://${host}`)).to.match(/is not a public address.*SSO_ALLOWED_HOSTS/);
    }
    for (const host of ['okta.default.svc.cluster.local', 'kubernetes', 'localhost.', 'metadata.google.internal']) {
      expect(await set(`https://${host}`)).to.match(/is a name of private networks.*SSO_ALLOWED_HOSTS/);
    }
  });

  describe('checks a provider, and reports', () => {
    let server: Server | undefined;
    afterEach(() => {
      server?.closeAllConnections();
      server?.close();
      server = undefined;
    });
    /** Starts a provider on this machine with this listener. Returns its issuer. */
    async function provider(listener: RequestListener): Promise<string> {
      server = createServer(listener).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }
    const answering =
      (status: number, body: object): RequestListener =>
      (_, response) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    /** Starts a provider with changed metadata of Okta and this token endpoint. Returns its issuer. */
    function okta(
      change: (metadata: Record<string, unknown>) => Record<string, unknown> = (same) => same,
      token: RequestListener = answering(400, { error: 'invalid_grant' }),
      keys: RequestListener = answering(200, { keys: [{ kty: 'RSA', use: 'sig', n: 'AQAB', e: 'AQAB' }] }),
    ) {
      return provider((request, response) => {
        const issuer = `http://${request.headers.host}`;
        const metadata = {
          issuer,
          authorization_endpoint: `${issuer}/oauth2/v1/authorize`,
          token_endpoint: `${issuer}/oauth2/v1/token`,
          jwks_uri: `${issuer}/oauth2/v1/keys`,
          end_session_endpoint: `${issuer}/oauth2/v1/logout`,
          response_types_supported: ['code', 'id_token'],
          grant_types_supported: ['authorization_code', 'refresh_token'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
          scopes_supported: ['openid', 'profile', 'email'],
        };
        if (request.url === '/oauth2/v1/token') token(request, response);
        else if (request.url === '/oauth2/v1/keys') keys(request, response);
        else if (request.url !== '/.well-known/openid-configuration') response.writeHead(404).end();
        else response.setHeader('content-type', 'application/json').end(JSON.stringify(change(metadata)));
      });
    }
    const lookedAt = (issuer: string) => inspectProvider(issuer, { hosts: ANY_HOST, deadlineMs: 500 });

    it('that it is usable, or, with status 1, its faults', async () => {
      let change = {};
      await setUp(await okta((metadata) => ({ ...metadata, ...change })));
      const fine = await admin('sso', 'test', organizationId);
      expect([fine.code, fine.stderr]).to.deep.equal([0, '']);
      expect(fine.stdout)
        .to.match(/as it should be/)
        .and.not.match(/wrong|remark/);
      change = { jwks_uri: undefined, end_session_endpoint: undefined };
      const bad = await admin('sso', 'test', organizationId);
      expect([bad.code, bad.stderr]).to.deep.equal([1, '']);
      expect(bad.stdout).to.match(/wrong +It names no jwks_uri[\s\S]*remark +It names no end_session_endpoint/);
      const { code, stdout } = await admin('--json', 'sso', 'test', organizationId);
      expect([code, JSON.parse(stdout).problems]).to.deep.equal([1, ['It names no jwks_uri.']]);
    });

    for (const [title, change, words] of [
      ['that it has another issuer', { issuer: 'https://other.okta.example' }, /calls itself https:\/\/other/],
      ['that it offers no code flow', { response_types_supported: ['id_token'] }, /authorization code flow/],
      ['that it offers no code grant', { grant_types_supported: ['implicit'] }, /authorization code flow/],
      ['that it offers no PKCE', { code_challenge_methods_supported: undefined }, /PKCE with S256/],
      ['that it offers PKCE in the clear only', { code_challenge_methods_supported: ['plain'] }, /PKCE with S256/],
      [
        'that it takes no secret',
        { token_endpoint_auth_methods_supported: ['private_key_jwt'] },
        /client_secret_basic/,
      ],
      ['that it names no keys', { jwks_uri: undefined }, /no jwks_uri/],
      [
        'that its token endpoint is elsewhere',
        { token_endpoint: 'https://x.example/' },
        /token_endpoint is at another/,
      ],
      ['that its answer is no discovery document', { issuer: 7 }, /not a discovery document/],
    ] as const) {
      it(title, async () => {
        const { problems } = await lookedAt(await okta((metadata) => ({ ...metadata, ...change })));
        expect(problems.join()).to.match(words);
      });
    }

    for (const [title, listener, words] of [
      ['a page instead of JSON', (_, response) => response.end('<html>Sign in</html>'), /not JSON/],
      ['no document', (_, response) => response.writeHead(404).end(), /404/],
      ['an error', (_, response) => response.writeHead(503).end(), /status 503/],
      ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /redirects/],
      ['too much', (_, response) => response.end('x'.repeat(300_000)), /larger than/],
      ['nothing in time', () => undefined, /within 0.5 seconds/],
      [
        'half an answer',
        (_, response) => response.writeHead(200).write('{', () => response.destroy()),
        /cannot be reached/,
      ],
    ] as [string, RequestListener, RegExp][]) {
      it(`that it answers ${title}`, async () => {
        const { problems } = await lookedAt(await provider(listener));
        expect(problems).to.have.length(1);
        expect(problems[0]).to.match(words).and.not.include('Sign in');
      });
    }

    for (const [title, keys, words] of [
      ['no keys', (_, response) => response.writeHead(404).end(), /keys \(jwks_uri\) cannot be read.*status 404/],
      ['a page', (_, response) => response.end('<html>'), /not a set of keys/],
      ['keys for encryption', answering(200, { keys: [{ kty: 'RSA', use: 'enc' }, { kty: 'oct' }] }), /contain none/],
    ] as [string, RequestListener, RegExp][]) {
      it(`that the address of its keys has ${title}`, async () => {
        const { problems, tokenEndpoint } = await lookedAt(await okta(undefined, undefined, keys));
        expect([problems.length, tokenEndpoint]).to.deep.equal([1, undefined]);
        expect(problems[0]).to.match(words);
      });
    }

    it('that it accepts the client id and secret of the organization, sent by HTTP Basic with a code that cannot exist', async () => {
      const seen: { authorization?: string | undefined; body: string }[] = [];
      await setUp(
        await okta(undefined, async (request, response) => {
          let body = '';
          for await (const chunk of request) body += chunk;
          seen.push({ authorization: request.headers.authorization, body });
          answering(400, { error: 'invalid_grant' })(request, response);
        }),
      );
      const { clientId } = await json('sso', 'show', organizationId);
      const { code, stdout } = await admin('sso', 'test', organizationId);
      expect([code, stdout]).to.deep.equal([0, stdout]);
      expect(stdout)
        .to.match(/accepts the client id and the client secret/)
        .and.not.include(SECRET);
      expect(seen).to.have.length(1);
      expect(seen[0]?.authorization).to.equal(`Basic ${btoa(`${clientId}:${SECRET}`)}`);
      const { redirect_uri, ...form } = Object.fromEntries(new URLSearchParams(seen[0]?.body));
      expect(redirect_uri).to.equal(`https://login.example/login/return/${organizationId}`);
      expect(form).to.include({ grant_type: 'authorization_code' }).and.have.property('code');
    });

    for (const [title, token, status, words] of [
      [
        'a wrong client secret',
        answering(401, { error: 'invalid_client' }),
        1,
        /wrong +It refuses the client id or the/,
      ],
      ['a client id that does not exist', answering(400, { error: 'invalid_client' }), 1, /invalid_client/],
      ['no code flow for the app', answering(400, { error: 'unauthorized_client' }), 1, /unauthorized_client/],
      ['neither yes nor no', answering(500, { error: 'server_error' }), 0, /remark .*unknown.*500 and "server_error"/],
      ['a page', (_, response) => response.end('<html>'), 0, /remark .*unknown.*status 200\./],
      ['a broken connection', (_, response) => response.destroy(), 0, /remark .*unknown.*gives no answer/],
    ] as [string, RequestListener, number, RegExp][]) {
      it(`that its token endpoint says: ${title}`, async () => {
        await setUp(await okta(undefined, token));
        const { code, stdout } = await admin('sso', 'test', organizationId);
        expect([code, stdout]).to.deep.equal([status, stdout]);
        expect(stdout).to.match(words);
      });
    }

    it('the client for a given issuer too, without userstore', async () => {
      const issuer = await okta(undefined, answering(401, { error: 'invalid_client' }));
      const client = ['--client-id', 'x', '--client-secret-file', secretFile];
      const { code, stdout } = await runAdmin(['sso', 'test', '--issuer', issuer, ...client], {});
      expect([code, stdout]).to.deep.equal([1, stdout]);
      expect(stdout)
        .to.match(/invalid_client/)
        .and.not.include(SECRET);
      expect((await admin('sso', 'test', '--issuer', issuer, '--client-id', 'x')).code).to.equal(2);
    });

    it('that nothing listens there, or the host does not exist', async () => {
      const { isReached, problems } = await lookedAt(`http://127.0.0.1:${await freePort()}`);
      expect([isReached, problems]).to.deep.equal([false, ['It cannot be reached: nothing listens there.']]);
      const nobody = await inspectProvider('https://nobody.invalid', { hosts: ANY_HOST, deadlineMs: 5000 });
      expect(nobody.isReached).to.equal(false);
      expect(nobody.problems.join()).to.match(/cannot be reached: /);
    });

    it('that it is unknown whether people can sign in if no connection is made', async () => {
      const issuer = `http://127.0.0.1:${await freePort()}`;
      const { code, stdout } = await runAdmin(['sso', 'test', '--issuer', `${issuer}/`], {});
      expect(code).to.equal(1);
      expect(stdout)
        .to.include(`Looked at ${issuer}/.well-known/`)
        .and.match(/cannot be seen whether people can sign in[\s\S]*no way out/)
        .and.not.match(/Nobody can sign in/);
    });

    it('the same for a given issuer, without userstore', async () => {
      const { code, stdout } = await runAdmin(['sso', 'test', '--issuer', await okta()], {});
      expect(code).to.equal(0);
      expect(stdout).to.match(/as it should be[\s\S]*were not tried/);
      for (const args of [[], [organizationId, '--issuer', 'https://x.okta.example']]) {
        expect((await admin('sso', 'test', ...args)).code).to.equal(2);
      }
    });
  });

  it('lists sessions and ends one, those of a user, or all', async () => {
    const tenant = await createSsoTenant(await sharedPair(), client);
    const id = tenant.organizationId;
    const people = await Promise.all(
      [1, 2].map(async () => {
        const subject = newSubject();
        const user = await createUser(tenant.scim, { externalId: subject });
        const signIn = () => edge.signIn(vouchedFor(tenant, subject));
        return { user, tokens: [(await signIn()).sessionToken, (await signIn()).sessionToken] };
      }),
    );
    const [ana, bob] = people as [(typeof people)[0], (typeof people)[0]];
    const table = await text('session', 'list', id);
    expect(table.match(new RegExp(ana.user.userName, 'g'))).to.have.length(2);
    for (const token of [...ana.tokens, ...bob.tokens]) expect(table).not.to.include(token);
    const ofAna = await json('session', 'list', id, '--user', ana.user.userName.toUpperCase());
    expect(ofAna.map(({ userId }: { userId: string }) => userId)).to.deep.equal([ana.user.id, ana.user.id]);
    expect(await failing('session', 'end', id, '--session', ofAna[0].id)).to.match(/1 session of 1 user.*--yes/);
    await text('session', 'end', id, '--session', ofAna[0].id, '--yes');
    expect(await json('session', 'list', id)).to.have.length(3);
    expect(await json('session', 'end', id, '--user', ana.user.userName, '--yes')).to.have.length(1);
    expect(await json('session', 'list', id)).to.have.length(2);
    expect(await failing('session', 'end', id)).to.match(/2 sessions of 1 user.*--yes/);
    expect(await json('session', 'end', id, '--yes')).to.have.length(2);
    expect(await text('session', 'list', id)).to.match(/Nobody is signed in/);
    expect(await failing('session', 'end', id, '--session', ofAna[0].id)).to.match(/no such session/);
    expect(await failing('session', 'end', id, '--user', 'nobody')).to.match(/no such user: nobody/);
  });

  it('locks a user, shows the lock with its reason and actor, and unlocks the user', async () => {
    const tenant = await createSsoTenant(await sharedPair(), client);
    const id = tenant.organizationId;
    const user = await createUser(tenant.scim, { externalId: newSubject() });
    expect((await admin('users', 'lock', id, user.id)).code).to.equal(2);
    expect(await text('users', 'lock', id, user.userName, '--reason', 'lost laptop')).to.match(/active, locked/);
    expect(await text('users', 'list', id)).to.match(/active, locked/);
    expect(await text('users', 'show', id, user.id)).to.match(
      /State +active, locked .*Z by admin\/.+: lost laptop\nMay sign in +no: .*locked/,
    );
    expect(await text('users', 'history', id, user.id)).to.match(/locked: none → .*lost laptop/);
    await text('users', 'unlock', id, user.id);
    expect(await text('users', 'list', id)).not.to.match(/locked/);
    expect(await text('users', 'history', id, user.id)).to.match(/locked: .*lost laptop.* → none/);
    await text('users', 'unlink', id, user.userName);
  });

  it('shows sign-ins among the activities, with their reasons and changes', async () => {
    const tenant = await createSsoTenant(await sharedPair(), client);
    const id = tenant.organizationId;
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    const request = vouchedFor(tenant, subject);
    await edge.signIn(request);
    const done = { organizationId: id, method: 'SIGN-IN', path: '/login', durationMs: 1, time: new Date() };
    const activities = [
      { ...done, id: request.actor?.requestId ?? '', userId: user.id, status: 200, change: undefined },
      {
        ...done,
        id: actor().requestId,
        status: 403,
        detail: 'The user is disabled.',
        userName: 'gone@acme.example',
        change: undefined,
      },
    ];
    await edge.recordActivities({ activities });
    const output = await text('activity', id, '--method', 'SIGN-IN');
    expect(output).to.match(new RegExp(` ok +SIGN-IN +${user.userName} +/login .*\\n +link: none → .*issuer`));
    expect(output).to.match(/ 403 +SIGN-IN +gone@acme.example +\/login .*\n +The user is disabled\./);
    expect(output).not.to.match(/token refused/);
    expect(await json('activity', id, '--user', user.id, '--method', 'SIGN-IN')).to.have.length(1);
  });

  it('says how many sessions a new issuer, a suspension, and the deletion of a connection or an organization end, and asks', async () => {
    const tenant = await createSsoTenant(await sharedPair(), client);
    const id = tenant.organizationId;
    const subject = newSubject();
    await createUser(tenant.scim, { externalId: subject });
    const signIn = () => edge.signIn(vouchedFor(tenant, subject));
    await signIn();
    const { issuer } = await json('sso', 'show', id);
    const other = 'https://other.okta.example';
    await text('sso', 'set', id, '--issuer', `${issuer}/`, '--client-id', '0oaAnother');
    for (const args of [
      ['sso', 'set', id, '--issuer', other],
      ['org', 'suspend', id],
      ['sso', 'remove', id],
      ['org', 'delete', id],
    ]) {
      expect(await failing(...args), args.join(' ')).to.match(/ends 1 session of 1 user\..*--yes/);
    }
    expect(await json('session', 'list', id)).to.have.length(1);
    await text('sso', 'set', id, '--issuer', other, '--yes');
    expect(await json('session', 'list', id)).to.have.length(0);
    await text('org', 'suspend', id);
  });

  it('shows of a user whether they may sign in, the linked account, the last sign-in and the last change', async () => {
    const tenant = await createSsoTenant(await sharedPair(), client);
    const id = tenant.organizationId;
    const subject = newSubject();
    const user = await createUser(tenant.scim, { externalId: subject });
    const show = () => text('users', 'show', id, user.userName);
    expect(await show()).to.match(
      /May sign in +yes\n(.*\n)*Linked account +none yet.*\nLast sign-in +none is recorded/,
    );
    const request = vouchedFor(tenant, subject);
    await edge.signIn(request);
    const activity = { organizationId: id, method: 'SIGN-IN', path: '/login', durationMs: 1, change: undefined };
    const done = { ...activity, id: request.actor?.requestId ?? '', time: new Date(), userId: user.id, status: 303 };
    await edge.recordActivities({ activities: [done] });
    const shown = await show();
    expect(shown).to.match(new RegExp(`Linked account +${subject} at ${tenant.issuer}\n`));
    expect(shown).to.match(/Last sign-in +\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\nSessions +1 live\n/);
    expect(shown).to.match(
      new RegExp(
        `Last change +.*Z update by edge, request .*\\n +link: none → issuer ${tenant.issuer}, subject ${subject}\\n`,
      ),
    );
    expect(shown).not.to.match(/[{}"]/);
    expect(await json('users', 'show', id, user.id)).to.deep.include({
      linkedIdentity: { issuer: tenant.issuer, subject },
    });
    await text('org', 'suspend', id, '--yes');
    expect(await show()).to.match(/May sign in +no: the organization is suspended/);
  });
});
