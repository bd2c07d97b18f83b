/** Sealed values that a browser keeps for the edge, and the secret of the seals. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { findLoginSecret } from '../../edge/sign-in/login-secret.js';
import { createSeals } from '../../edge/sign-in/seal.js';

const SECRET = 'the secret of one installation, 32+';

describe('a sealed value', () => {
  const { seal, open } = createSeals(SECRET);

  it('opens at every edge with the same secret, and reveals nothing to others', async () => {
    const sealed = await seal('attempt', { state: 'a-state' }, 60);
    expect(await createSeals(SECRET).open('attempt', sealed)).to.deep.include({ state: 'a-state' });
    expect(await createSeals(`${SECRET}.`).open('attempt', sealed)).to.equal(undefined);
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1')).not.to.include('a-state');
    expect(sealed).to.match(/^[\w.-]+$/);
  });

  it('is never the same twice', async () => {
    expect(await seal('attempt', { a: 'b' }, 60)).not.to.equal(await seal('attempt', { a: 'b' }, 60));
  });

  it('is not opened once its time is over, or for another purpose', async () => {
    expect(await open('attempt', await seal('attempt', {}, -1))).to.equal(undefined);
    const other = 'another' as 'attempt';
    expect(await open('attempt', await seal(other, {}, 60))).to.equal(undefined);
    expect(await open(other, await seal(other, {}, 60))).to.be.an('object');
  });

  it('does not open if any character differs', async () => {
    const sealed = await seal('attempt', { state: 'a-state' }, 60);
    for (let at = 0; at < sealed.length - 1; at += 7) {
      const sign = sealed[at] === 'A' ? 'Q' : 'A';
      expect(await open('attempt', sealed.slice(0, at) + sign + sealed.slice(at + 1)), String(at)).to.equal(undefined);
    }
    for (const text of ['', 'x', '....', `${sealed}.`, sealed.slice(1)])
      expect(await open('attempt', text)).to.equal(undefined);
  });
});

describe('a mark', () => {
  it('is of one value and one secret', () => {
    const { sign, verify } = createSeals(SECRET);
    expect(verify('browser', sign('browser'))).to.equal(true);
    for (const other of [
      sign('other'),
      createSeals(`${SECRET}.`).sign('browser'),
      '',
      'x',
      sign('browser').slice(0, -1),
    ]) {
      expect(verify('browser', other)).to.equal(false);
    }
  });
});

describe('the login secret', () => {
  let dataDir: string;
  const find = (loginSecret?: string) => findLoginSecret({ loginSecret, dataDir });

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'login-secret-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('is made once, readable by its owner only, by however many edges that start at once', async () => {
    const found = await Promise.all(Array.from({ length: 8 }, () => find()));
    expect(new Set(found).size).to.equal(1);
    expect(found[0]).to.match(/^[\w-]{43}$/);
    expect(await find()).to.equal(found[0]);
    const file = join(dataDir, 'login-secret');
    expect(await readFile(file, 'utf8')).to.equal(`${found[0]}\n`);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('is the one that is given, or in the file', async () => {
    await writeFile(join(dataDir, 'login-secret'), `${SECRET.replaceAll(' ', '-')}\n`);
    expect(await find()).to.equal(SECRET.replaceAll(' ', '-'));
    expect(await find('given')).to.equal('given');
  });

  it('that cannot be one is refused by the name of its file, without its value', async () => {
    const file = join(dataDir, 'login-secret');
    await writeFile(file, 's3cret');
    await chmod(file, 0o600);
    const message = await find().then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).to.include(file).and.not.to.include('s3cret');
  });
});
