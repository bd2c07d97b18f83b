/** Variables: secrets from files, and values in the log. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { inEffect, readSecretFile, readVariables } from '../../config/variables.js';

const variables = z.object({
  PASSWORD: z.string().min(8).optional().meta({ secret: true }),
  KEY: z.string().meta({ secret: true }),
  PORT: z.coerce.number().default(80).describe('a port'),
});
const files: Record<string, string> = { '/run/password': 'pass word\n', '/run/key': 'key\r\n', '/run/short': 'short' };
const read = (env: Record<string, string>) =>
  readVariables(variables, env, (path) => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  });

describe('variables', () => {
  it('that are secret are read from files, without the newline at the end', () => {
    expect(read({ PASSWORD_FILE: '/run/password', KEY_FILE: '/run/key' })).to.deep.equal({
      PASSWORD: 'pass word',
      KEY: 'key',
      PORT: 80,
    });
  });

  it('that are not secret have no files', () => {
    expect(read({ KEY: 'key', PORT_FILE: '/run/key' })).to.deep.equal({ KEY: 'key', PORT: 80 });
  });

  it('can be set in only one way', () => {
    expect(() => read({ KEY: 's3cret', KEY_FILE: '/run/key' })).to.throw(/^KEY: .*KEY_FILE(?!.*s3cret)/);
  });

  it('treat an empty file name, or an empty value beside it, as unset', () => {
    expect(read({ KEY: 'key', KEY_FILE: '' })).to.deep.equal(read({ KEY: '', KEY_FILE: '/run/key' }));
  });

  it('with an unreadable file are reported with variable, file and reason, beside all other problems', () => {
    expect(() => read({ KEY_FILE: '/run/none', PORT: 'x' })).to.throw(
      /^KEY: KEY_FILE, \/run\/none, cannot be read: no such file; PORT: [^;]*$/,
    );
  });

  it('from a file are validated like all others, without their value in the message', () => {
    expect(() => read({ KEY: 'key', PASSWORD_FILE: '/run/short' })).to.throw(/^PASSWORD: (?!.*short)[^;]*$/);
  });

  it('are logged if they are set, each secret without its value', () => {
    const logged = (env: Record<string, string>) => inEffect(variables, read(env), env);
    expect(logged({ KEY: 's3cret' })).to.deep.equal({ KEY: 'set' });
    expect(logged({ KEY_FILE: '/run/key', PORT: '81', PASSWORD: '' })).to.deep.equal({ KEY: 'set', PORT: 81 });
  });
});

describe("a secret's file", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is read whole', async () => {
    const text = `${'ä'.repeat(30_000)}\n`;
    await writeFile(join(folder, 'secret'), text);
    expect(readSecretFile(join(folder, 'secret'))).to.equal(text);
  });

  for (const [title, content, message] of [
    ['empty', '', /empty/],
    ['too long for a secret', 'x'.repeat(65_537), /longer than 65536 bytes/],
  ] as const) {
    it(`is refused when it is ${title}`, async () => {
      await writeFile(join(folder, 'secret'), content);
      expect(() => readSecretFile(join(folder, 'secret'))).to.throw(message);
    });
  }

  it('is refused if it is missing or a folder', () => {
    expect(() => readSecretFile(join(folder, 'none'))).to.throw(/ENOENT/);
    expect(() => readSecretFile(folder)).to.throw(/EISDIR/);
  });
});
