/** The configuration of the edge. */
import { expect } from 'chai';
import { ConfigurationError } from '../../config/variables.js';
import { readConfig } from '../../edge/config.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';

describe("the edge's configuration", () => {
  let folder: Folder;
  let tls: Record<string, string>;
  before(async () => {
    folder = await certificatesOfTests();
    tls = tlsVariables(folder);
  });
  after(() => folder.remove());

  it('needs nothing', () => {
    const { inEffect: _, ...config } = readConfig({});
    expect(config).to.deep.equal({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: undefined,
      appUrl: undefined,
      passwordLoginUrl: undefined,
      loginSecret: undefined,
      userstoreAddress: '127.0.0.1:50051',
      userstoreToken: undefined,
      tls: undefined,
      userstoreTls: undefined,
      userstoreTlsName: undefined,
      storeDeadlineMs: 10_000,
      supportContact: undefined,
      maxRequests: 2000,
      metrics: undefined,
      trustedProxies: 0,
      ssoAllowedHosts: [],
      webhookAllowedHosts: [],
      dataDir: './data',
      logLevel: 'info',
      logFormat: undefined,
      workers: 1,
    });
  });

  it('reads the public URL without the slash at its end', () => {
    expect(readConfig({ PUBLIC_URL: 'https://scim.example/' }).publicUrl).to.equal('https://scim.example');
  });

  it('reads the addresses of pages as browsers write them', () => {
    const { appUrl, passwordLoginUrl } = readConfig({
      APP_URL: 'https://App.example',
      PASSWORD_LOGIN_URL: 'https://app.example/in?a=b',
    });
    expect([appUrl, passwordLoginUrl]).to.deep.equal(['https://app.example/', 'https://app.example/in?a=b']);
  });

  for (const url of [
    'app.example',
    '/app',
    'javascript:alert(1)',
    'https://',
    'https://a b.example',
    'https:\\\\app.example',
  ]) {
    it(`refuses ${url} for the address of a page`, () => {
      const env = { APP_URL: url, PASSWORD_LOGIN_URL: url };
      expect(() => readConfig(env)).to.throw(/^APP_URL: [^;]*; PASSWORD_LOGIN_URL: [^;]*$/);
    });
  }

  it('takes an e-mail address or an HTTPS address of support, and no other', () => {
    for (const contact of ['help@leasehawk.example', 'https://leasehawk.example/help']) {
      expect(readConfig({ SUPPORT_CONTACT: contact }).supportContact).to.equal(contact);
    }
    for (const contact of ['help', 'http://leasehawk.example', 'javascript:alert(1)', 'a b@x.example', '"@x.example']) {
      expect(() => readConfig({ SUPPORT_CONTACT: contact }), contact).to.throw('SUPPORT_CONTACT');
    }
  });

  it('refuses a login secret that can be guessed', () => {
    expect(() => readConfig({ LOGIN_SECRET: 'too short' })).to.throw(/LOGIN_SECRET/);
    expect(readConfig({ LOGIN_SECRET: 'x'.repeat(32) }).loginSecret).to.equal('x'.repeat(32));
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ PORT: '', PUBLIC_URL: '', USERSTORE_TOKEN: '' })).to.deep.equal(readConfig({}));
  });

  it('lists every problem in one message', () => {
    const env = {
      PORT: '99999',
      PUBLIC_URL: 'scim.example',
      USERSTORE_ADDRESS: 'nowhere',
      USERSTORE_TOKEN: 'short',
      STORE_DEADLINE_MS: '1',
      LOG_LEVEL: 'loud',
    };
    expect(() => readConfig(env)).to.throw(
      /PORT.*PUBLIC_URL.*USERSTORE_ADDRESS.*USERSTORE_TOKEN.*STORE_DEADLINE_MS.*LOG_LEVEL/,
    );
  });

  it('tells no value in its message: each may be a secret in the wrong place', () => {
    const names = ['PORT', 'PUBLIC_URL', 'USERSTORE_ADDRESS', 'USERSTORE_TOKEN', 'STORE_DEADLINE_MS', 'LOG_LEVEL'];
    const env = Object.fromEntries(names.map((name) => [name, 's3cret']));
    expect(() => readConfig(env)).to.throw(/^(?!.*s3cret)/s);
  });

  it('takes certificates only with their keys, and shows to userstore none that is not verified itself', () => {
    expect(() => readConfig({ TLS_CERT: 'a', USERSTORE_CLIENT_KEY: 'b', PORT: 'x' })).to.throw(
      /PORT.*TLS_KEY: is needed where TLS_CERT.*USERSTORE_CLIENT_CERT: is needed where USERSTORE_CLIENT_KEY/,
    );
    expect(() => readConfig({ USERSTORE_CLIENT_CERT: 'a', USERSTORE_CLIENT_KEY: 'b' })).to.throw(/USERSTORE_TLS_CA/);
    const { TLS_CERT, TLS_KEY, USERSTORE_TLS_CA } = tls;
    expect(readConfig({ TLS_CERT, TLS_KEY, USERSTORE_TLS_CA })).to.deep.include({
      tls: { cert: TLS_CERT, key: TLS_KEY },
      userstoreTls: { ca: USERSTORE_TLS_CA, cert: undefined, key: undefined },
    });
  });

  it('lists problems of combinations of variables and of each variable, certificates included', () => {
    const problems = problemsOf({
      PORT: 'x',
      TLS_CERT: '/nope.crt',
      TLS_KEY: tls.TLS_KEY,
      PUBLIC_URL: 'http://scim.example',
      USERSTORE_ADDRESS: 'a:1,b:2',
      USERSTORE_TLS_CA: tls.TLS_KEY,
      USERSTORE_CLIENT_CERT: tls.USERSTORE_CLIENT_CERT,
      USERSTORE_CLIENT_KEY: tls.TLS_KEY,
    });
    expect(problems.map(([variable]) => variable)).to.deep.equal([
      'PORT',
      'USERSTORE_TLS_NAME',
      'PUBLIC_URL',
      'TLS_CERT',
      'USERSTORE_TLS_CA',
      'USERSTORE_CLIENT_KEY',
    ]);
    const message = Object.fromEntries(problems);
    expect(message.PUBLIC_URL).to.match(/must begin with https/);
    expect(message.TLS_CERT).to.match(/\/nope\.crt cannot be read: ENOENT/);
    expect(message.USERSTORE_TLS_CA).to.match(/has no certificate in PEM form/);
    expect(message.USERSTORE_CLIENT_KEY).to.match(/is not the private key of/);
  });

  for (const [variable, env] of [
    ['METRICS_PORT', { PORT: '9464', METRICS_PORT: '9464' }],
    ['METRICS_PORT', { METRICS_PORT: '8080' }],
    ['PORT', { PORT: ' ' }],
    ['MAX_REQUESTS', { MAX_REQUESTS: '\t' }],
    ['HOST', { HOST: ' ' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'https://scim.example:65536' }],
  ] as const) {
    it(`refuses ${JSON.stringify(env)}`, () => {
      expect(problemsOf(env).map(([name]) => name)).to.deep.equal([variable]);
    });
  }

  it('shows the variables that are set, and no secret', () => {
    const { inEffect } = readConfig({ USERSTORE_TOKEN: 'a-token-of-16-or-more', PORT: '81' });
    expect(inEffect).to.deep.equal({ USERSTORE_TOKEN: 'set', PORT: 81 });
  });

  for (const PUBLIC_URL of ['https://scim.example/path', 'ftp://scim.example', 'https://scim.example?x', 'https://']) {
    it(`refuses the public URL ${PUBLIC_URL}`, () => expect(() => readConfig({ PUBLIC_URL })).to.throw(/PUBLIC_URL/));
  }

  for (const USERSTORE_ADDRESS of ['a:1', '[::1]:1', 'a:1,b.example:2', 'dns:///userstore.example:50051']) {
    it(`takes the userstore address ${USERSTORE_ADDRESS}`, () => {
      expect(readConfig({ USERSTORE_ADDRESS }).userstoreAddress).to.equal(USERSTORE_ADDRESS);
    });
  }

  for (const USERSTORE_ADDRESS of [
    'a',
    'a:1,',
    'a:1, b:2',
    'http://a:1',
    'dns:///a',
    ':1',
    'a:0',
    'a:99999',
    'a:1,b:65536',
    'dns:///a:1,b:2',
    'a:1:2',
  ]) {
    it(`refuses the userstore address "${USERSTORE_ADDRESS}"`, () => {
      expect(() => readConfig({ USERSTORE_ADDRESS })).to.throw(/USERSTORE_ADDRESS/);
    });
  }

  it('shows metrics to this machine only, and only where told on which port', () => {
    expect(readConfig({ METRICS_PORT: '9464' }).metrics).to.deep.equal({ host: '127.0.0.1', port: 9464 });
  });
});

/** Returns the problems of an environment: the variables in order. */
function problemsOf(env: Record<string, string | undefined>): (readonly [string, string])[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigurationError);
    return (error as ConfigurationError).problems.map(({ variable, message }) => [variable, message] as const);
  }
}
