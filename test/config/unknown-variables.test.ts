/** Variables that are probably misspelled. */
import { expect } from 'chai';
import { unknownVariables } from '../../config/unknown-variables.js';

const KNOWN = ['PORT', 'HOST', 'MONGODB_URI', 'MONGODB_URI_FILE', 'USERSTORE_ADDRESS', 'USERSTORE_PORT', 'LOG_LEVEL'];

describe('unknown variables', () => {
  for (const [name, resembles] of [
    ['MONGO_URL', 'MONGODB_URI'],
    ['MONGODB_URL', 'MONGODB_URI'],
    ['MONGO_CONNECTION_STRING', 'MONGODB_URI'],
    ['USERSTORE_ADRESS', 'USERSTORE_ADDRESS'],
    ['USERSTORE_ADDRSES', 'USERSTORE_ADDRESS'],
    ['USERSTORE_TIMEOUT', 'USERSTORE_PORT'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['log_level', 'LOG_LEVEL'],
  ] as const) {
    it(`include ${name}, which resembles ${resembles}`, () => {
      expect(unknownVariables({ [name]: 'x' }, KNOWN)).to.deep.equal([{ name, resembles }]);
    });
  }

  it('exclude known ones, empty ones, those of shells, and those that Kubernetes and Docker set', () => {
    const names = [
      ...['PATH', 'HOME', 'HOSTNAME', 'POST', 'PWD', 'SHELL', 'LANG', 'SESSION_MANAGER', 'npm_lifecycle_event'],
      ...[
        'USERSTORE_SERVICE_HOST',
        'USERSTORE_SERVICE_PORT',
        'USERSTORE_PORT_50051_TCP_ADDR',
        'MONGO_PORT',
        'MONGO_VERSION',
      ],
      ...KNOWN,
    ];
    const env = { ...Object.fromEntries(names.map((name) => [name, 'x'])), USERSTORE_ADRESS: '' };
    expect(unknownVariables(env, KNOWN)).to.deep.equal([]);
  });
});
