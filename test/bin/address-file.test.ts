/** The file with the addresses of a running `npm start`, and the admin command that reads it. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig } from '../../bin/admin/config.js';
import { readAddresses, removeAddresses, writeAddresses } from '../../bin/start/address-file.js';

const CONTENT = { userstore: '127.0.0.1:50999', publicUrl: 'http://localhost:8999', pid: process.pid };

describe('the file of addresses', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'addresses-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const configOf = (env: Record<string, string> = {}) => readConfig({ DATA_DIR: folder, ...env });

  it('gives the admin command the addresses that npm start uses', async () => {
    await writeAddresses(folder, CONTENT);
    expect(configOf()).to.include({ userstoreAddress: '127.0.0.1:50999', publicUrl: 'http://localhost:8999' });
  });

  it('does not count if USERSTORE_ADDRESS is set', async () => {
    await writeAddresses(folder, CONTENT);
    const config = configOf({ USERSTORE_ADDRESS: 'userstore:50051' });
    expect(config).to.include({ userstoreAddress: 'userstore:50051', publicUrl: 'http://localhost:8080' });
    expect(configOf({ PUBLIC_URL: 'https://scim.example' }).publicUrl).to.equal('https://scim.example');
  });

  it('does not count after its npm start was killed', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeAddresses(folder, { ...CONTENT, pid });
    expect(readAddresses(folder)).to.equal(undefined);
    expect(configOf().userstoreAddress).to.equal('127.0.0.1:50051');
  });

  for (const [title, text] of [
    ['empty', ''],
    ['no JSON', '{'],
    ['of another form', '{"userstore":1}'],
    ['with an address that is none', JSON.stringify({ ...CONTENT, userstore: 'a b' })],
  ] as const) {
    it(`does not count if it is ${title}`, async () => {
      await writeFile(join(folder, 'addresses.json'), text);
      expect(readAddresses(folder)).to.equal(undefined);
    });
  }

  it('replaces an earlier one, can be read by its owner only, and leaves no draft', async () => {
    await writeAddresses(folder, { ...CONTENT, userstore: '127.0.0.1:1' });
    await writeAddresses(folder, CONTENT);
    expect(await readdir(folder)).to.deep.equal(['addresses.json']);
    expect((await stat(join(folder, 'addresses.json'))).mode & 0o777).to.equal(0o600);
    expect(readAddresses(folder)).to.deep.equal(CONTENT);
  });

  it('is deleted by the npm start that wrote it, not by another', async () => {
    await writeAddresses(folder, CONTENT);
    await removeAddresses(folder, process.pid + 1);
    expect(readAddresses(folder)).to.deep.equal(CONTENT);
    await removeAddresses(folder, process.pid);
    expect(await readdir(folder)).to.deep.equal([]);
  });
});
