/** The configuration of the edge. */
import { expect } from 'chai';
import { readConfig } from '../../edge/config.js';

describe("the edge's configuration", () => {
  it('needs nothing', () => {
    const { inEffect: _, ...config } = readConfig({});
    expect(config).to.deep.equal({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: undefined,
      userstoreAddress: '127.0.0.1:50051',
      userstoreToken: undefined,
      storeDeadlineMs: 10_000,
      trustedProxies: 0,
      dataDir: './data',
      logLevel: 'info',
    });
  });

  it('reads the public URL without the slash at its end', () => {
    expect(readConfig({ PUBLIC_URL: 'https://scim.example/' }).publicUrl).to.equal('https://scim.example');
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

  for (const PUBLIC_URL of ['https://scim.example/path', 'ftp://scim.example', 'https://scim.example?x', 'https://']) {
    it(`refuses the public URL ${PUBLIC_URL}`, () => expect(() => readConfig({ PUBLIC_URL })).to.throw(/PUBLIC_URL/));
  }
});
