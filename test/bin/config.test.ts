/** The configuration of `npm start`. */
import { resolve } from 'node:path';
import { expect } from 'chai';
import { environmentsOf, readConfig } from '../../bin/start/config.js';
import { certificatesOfTests, tlsVariables } from '../harness/certificates.js';

describe('the configuration of npm start', () => {
  it('has defaults: ports 8080 and 50051, data under ./data, an embedded MongoDB', () => {
    expect(readConfig({})).to.deep.include({
      port: 8080,
      userstorePort: 50_051,
      dataDir: resolve('data'),
      mongodbUri: undefined,
    });
  });

  it('treats an empty variable as unset', () => {
    expect(readConfig({ PORT: '', DATA_DIR: '', MONGODB_URI: '' })).to.deep.equal(readConfig({}));
  });

  it('lists all problems in one message, without values', () => {
    const env = { PORT: 's3cret', USERSTORE_PORT: '0', MONGODB_URI: 's3cret' };
    expect(() => readConfig(env)).to.throw(/^(?!.*s3cret)(?=.*\bPORT:)(?=.*USERSTORE_PORT:)(?=.*MONGODB_URI:)/s);
  });

  it('reports problems of the services before anything is started, each once', () => {
    const env = { LOG_LEVEL: 'verbose', STORE_DEADLINE_MS: '5', PUBLIC_URL: 'https://h/path', PORT: 'x' };
    expect(() => readConfig(env)).to.throw(
      /^PORT: [^;]*; PUBLIC_URL: [^;]*; STORE_DEADLINE_MS: [^;]*; LOG_LEVEL: [^;]*$/,
    );
  });

  it('has an https origin if the edge has a certificate', async () => {
    const folder = await certificatesOfTests();
    const { TLS_CERT, TLS_KEY } = tlsVariables(folder);
    expect(readConfig({ TLS_CERT, TLS_KEY, PORT: '8443' }).origin).to.equal('https://localhost:8443');
    expect(readConfig({ PORT: '8080' }).origin).to.equal('http://localhost:8080');
    await folder.remove();
  });

  it('requires the settings of edge and admin for a userstore with TLS', () => {
    const env = { USERSTORE_TLS_CERT: 'a', USERSTORE_TLS_KEY: 'b', USERSTORE_TLS_CLIENT_CA: 'c' };
    expect(() => readConfig(env)).to.throw(/USERSTORE_TLS_CA: .*USERSTORE_CLIENT_CERT: .*ADMIN_CLIENT_CERT: /);
  });

  it('refuses one port for two servers', () => {
    expect(() => readConfig({ PORT: '9000', USERSTORE_PORT: '9000' })).to.throw(/USERSTORE_PORT/);
    expect(() => readConfig({ PORT: 'x', USERSTORE_METRICS_PORT: '9000', METRICS_PORT: '9000' })).to.throw(
      /^PORT: [^;]*; USERSTORE_METRICS_PORT: must be another port than METRICS_PORT$/,
    );
    expect(() => readConfig({ METRICS_PORT: '50051' })).to.throw(/^METRICS_PORT: [^;]*USERSTORE_PORT$/);
  });
});

describe('the environments of the services', () => {
  const env = {
    MONGODB_URI: 'm',
    SERVICE_TOKENS_FILE: 's',
    USERSTORE_TOKEN: 'u',
    ADMIN_TOKEN: 'a',
    ADMIN_TOKEN_FILE: 'f',
    CONSOLE_CLIENT_SECRET: 'c',
    LOG_LEVEL: 'warn',
  };

  it('contain only the secrets of the service, and files by name', () => {
    expect(environmentsOf(env)).to.deep.equal({
      forEdge: { USERSTORE_TOKEN: 'u', LOG_LEVEL: 'warn' },
      forUserstore: { MONGODB_URI: 'm', SERVICE_TOKENS_FILE: 's', LOG_LEVEL: 'warn' },
      forConsole: { CONSOLE_CLIENT_SECRET: 'c', LOG_LEVEL: 'warn' },
    });
  });
});
