/** The configuration of userstore. */
import { expect } from 'chai';
import { readConfig } from '../../userstore/config.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';
import { startService } from '../harness/processes.js';

const MONGODB_URI = 'mongodb://127.0.0.1/x';
const token = 'a-token-of-16-or-more';
const key = Buffer.alloc(32, 1).toString('base64');
const otherKey = Buffer.alloc(32, 2).toString('base64url');

describe("userstore's configuration", () => {
  let folder: Folder;
  let tls: Record<string, string>;
  before(async () => {
    folder = await certificatesOfTests();
    tls = tlsVariables(folder);
  });
  after(() => folder.remove());

  it('needs MONGODB_URI alone', () => {
    const { inEffect: _, ...config } = readConfig({ MONGODB_URI });
    expect(config).to.deep.equal({
      mongodbUri: MONGODB_URI,
      host: '127.0.0.1',
      port: 50_051,
      tls: undefined,
      callers: undefined,
      dataDir: './data',
      secretKeys: { from: 'dataDir' },
      sessionIdleMinutes: 60,
      sessionMaxHours: 12,
      ssoAllowedHosts: [],
      maxCalls: 1000,
      maxConnectionAgeMs: 300_000,
      hasReflection: false,
      metrics: undefined,
      activityDays: 90,
      eventDays: 30,
      logLevel: 'info',
      logFormat: undefined,
    });
  });

  it('reads callers with their roles, by token', () => {
    const { callers } = readConfig({ MONGODB_URI, SERVICE_TOKENS: `one:edge:${token}1, two:admin:${token}2` });
    expect([...(callers ?? [])]).to.deep.equal([
      [`${token}1`, { name: 'one', role: 'edge' }],
      [`${token}2`, { name: 'two', role: 'admin' }],
    ]);
  });

  for (const [title, env, from] of [
    ['SECRET_KEY', { SECRET_KEY: key }, 'environment'],
    ['its own folder', { SERVICE_TOKENS: `one:edge:${token}`, DATA_DIR: 'x' }, 'dataDir'],
    // Several userstores without a folder would each create a different key.
    ['nowhere, where service tokens are given and no folder', { SERVICE_TOKENS: `one:edge:${token}` }, 'nowhere'],
  ] as const) {
    it(`takes secret keys from ${title}`, () => {
      expect(readConfig({ MONGODB_URI, ...env }).secretKeys.from).to.equal(from);
    });
  }

  it('reads several secret keys, the first of which is the present one', () => {
    const { secretKeys } = readConfig({ MONGODB_URI, SECRET_KEY: `${key}, ${otherKey}` });
    const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    expect(secretKeys).to.deep.equal({ from: 'environment', keys });
  });

  for (const [title, SECRET_KEY] of [
    ['31 bytes', Buffer.alloc(31, 1).toString('base64')],
    ['33 bytes', Buffer.alloc(33, 1).toString('base64')],
    ['hexadecimal', Buffer.alloc(32, 1).toString('hex')],
    ['what is not base64', `${key.slice(0, -3)}?!=`],
    ['one good and one bad key', `${key},x`],
    ['no key at all', ' ,, '],
  ] as const) {
    it(`refuses a secret key of ${title}, and does not tell it`, () => {
      expect(() => readConfig({ MONGODB_URI, SECRET_KEY }))
        .to.throw(/SECRET_KEY: is a list of keys/)
        .satisfy(({ message }: Error) => !message.includes(SECRET_KEY));
    });
  }

  for (const [name, value] of [
    ['SESSION_IDLE_MINUTES', '0'],
    ['SESSION_IDLE_MINUTES', 'x'],
    ['SESSION_MAX_HOURS', '721'],
  ] as const) {
    it(`refuses ${name}=${value}`, () => {
      expect(() => readConfig({ MONGODB_URI, [name]: value })).to.throw(new RegExp(name));
    });
  }

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig({ MONGODB_URI, USERSTORE_PORT: '', SERVICE_TOKENS: '' })).to.deep.equal(
      readConfig({ MONGODB_URI }),
    );
  });

  it('lists every problem in one message', () => {
    const env = {
      MONGODB_URI: 'http://db',
      USERSTORE_PORT: '65536',
      SERVICE_TOKENS: `one:owner:${token}`,
      LOG_LEVEL: 'loud',
    };
    expect(() => readConfig(env)).to.throw(/MONGODB_URI.*USERSTORE_PORT.*SERVICE_TOKENS.*LOG_LEVEL/);
  });

  it('is not reached from other machines without TLS, unless that is asked for', () => {
    for (const USERSTORE_HOST of ['0.0.0.0', '::', '10.0.0.7', 'userstore', '128.0.0.1']) {
      const env = { MONGODB_URI, USERSTORE_HOST };
      expect(() => readConfig(env), USERSTORE_HOST).to.throw(/USERSTORE_HOST.*USERSTORE_TLS_CERT.*USERSTORE_INSECURE/);
      expect(readConfig({ ...env, USERSTORE_INSECURE: 'true' }).tls).to.equal(undefined);
      const { USERSTORE_TLS_CERT, USERSTORE_TLS_KEY } = tls;
      expect(readConfig({ ...env, USERSTORE_TLS_CERT, USERSTORE_TLS_KEY }).tls).to.deep.include({
        cert: USERSTORE_TLS_CERT,
      });
    }
    for (const USERSTORE_HOST of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) {
      expect(readConfig({ MONGODB_URI, USERSTORE_HOST }).host).to.equal(USERSTORE_HOST);
    }
  });

  it('takes certificates only with their keys, and asks none of clients without having one', () => {
    for (const [given, missing] of [
      ['USERSTORE_TLS_CERT', 'USERSTORE_TLS_KEY'],
      ['USERSTORE_TLS_KEY', 'USERSTORE_TLS_CERT'],
      ['USERSTORE_TLS_CLIENT_CA', 'USERSTORE_TLS_CERT'],
    ] as const) {
      expect(() => readConfig({ MONGODB_URI, [given]: 'a' })).to.throw(`${missing}: is needed where ${given} is set`);
    }
  });

  it('lists problems of combinations of variables and of each variable, certificates included', () => {
    const env = {
      MONGODB_URI: 'mongodb://u:s3cret@h/x?bogus=1',
      USERSTORE_INSECURE: 'yes',
      USERSTORE_PORT: '9464',
      USERSTORE_METRICS_PORT: '9464',
      USERSTORE_TLS_CERT: tls.USERSTORE_TLS_CERT,
      USERSTORE_TLS_CLIENT_CA: '/nope.crt',
    };
    expect(() => readConfig(env)).to.throw(
      new RegExp(
        '^MONGODB_URI: option bogus is not supported; USERSTORE_INSECURE: [^;]*; USERSTORE_TLS_KEY: is needed [^;]*; ' +
          'USERSTORE_METRICS_PORT: must be another port than USERSTORE_PORT; ' +
          'USERSTORE_TLS_CLIENT_CA: /nope.crt cannot be read: ENOENT[^;]*$',
      ),
    );
  });

  for (const [uri, told] of [
    ['mongodb://h/x?bogus=1&foo=2', 'options bogus, foo are not supported'],
    ['mongodb://h/x?maxPoolSize=s3cret', 'Expected maxPoolSize to be stringified int value, got: …'],
    ['mongodb://h/x?maxPoolSize', 'URI option "maxPoolSize" cannot be specified with no value'],
    ['mongodb://h/x?tls=maybe', 'tls/ssl must be either "true" or "false"'],
    ['mongodb://h/x?authMechanism=s3cret', 'got …'],
    ['mongodb://h/x?compressors=s3%63ret', '… is not a valid compression mechanism'],
    ['mongodb://u:a/s3cret@h/x', 'Password contains unescaped characters'],
    ['mongodb://u:s3cret@x@h/x', 'Invalid connection string'],
    ['mongodb://s3cret:27017:27018', 'Unable to parse'],
    ['mongodb://h:99999/x', 'Unable to parse'],
    ['mongodb+srv://u:s3cret@a.b.c:27017/x', 'cannot have port number'],
    ['mongodb://', 'host list'],
    ['postgres://u:s3cret@h/x', 'mongodb+srv://'],
  ] as const) {
    it(`refuses ${uri}, which MongoDB's driver does not accept, and quotes only names of options`, () => {
      expect(() => readConfig({ MONGODB_URI: uri }))
        .to.throw(/^MONGODB_URI: (?!.*s3cret)/)
        .with.property('message')
        .that.includes(told);
    });
  }

  it('ends the start of the process with one line on stderr', async () => {
    const MONGODB_URI = 'mongodb://u:s3cret@127.0.0.1:1/x?maxPoolSize=abc';
    const failure = await startService('userstore', { MONGODB_URI, USERSTORE_PORT: 'x' }).then(() => 'started', String);
    expect(failure).to.match(
      /did not start:\nuserstore: MONGODB_URI: [^;\n]*maxPoolSize[^;\n]*; USERSTORE_PORT: [^;\n]*\n$/,
    );
    expect(failure).not.to.include('s3cret');
  });

  it('says that MONGODB_URI is required where there is none', () => {
    expect(() => readConfig({})).to.throw(/MONGODB_URI: is required/);
  });

  it('tells no value in its message: each may be a secret in the wrong place', () => {
    const env = {
      MONGODB_URI: 's3cret-uri',
      USERSTORE_PORT: 's3cret-port',
      SERVICE_TOKENS: 's3cret-callers,one:s3cret-role:s3cret-token,one:edge:s3cret-short',
      LOG_LEVEL: 's3cret-level',
    };
    expect(() => readConfig(env)).to.throw(/^(?!.*s3cret)/s);
  });

  for (const [title, SERVICE_TOKENS] of [
    ['a role that there is not', `one:owner:${token}`],
    ['a short token', 'one:edge:short'],
    ['a missing name', `:edge:${token}`],
    ['a token with a blank', `one:edge:${token} x`],
    ['one good and one bad entry', `one:edge:${token},two`],
    // Which of the two callers it stands for would be chance.
    ['one token for two callers', `one:reader:${token},two:admin:${token}`],
    ['more parts than there are', `one:edge:${token}:more-that-would-be-cut-off`],
  ] as const) {
    it(`refuses ${title}`, () => {
      expect(() => readConfig({ MONGODB_URI, SERVICE_TOKENS })).to.throw(/SERVICE_TOKENS/);
    });
  }

  for (const USERSTORE_PORT of ['-1', '1.5', '65536', 'x', '1e9']) {
    it(`refuses the port ${USERSTORE_PORT}`, () => {
      expect(() => readConfig({ MONGODB_URI, USERSTORE_PORT })).to.throw(/USERSTORE_PORT/);
    });
  }
});
