/** DATA_DIR: only its owner may enter it, whatever the umask; a folder that others can write to is reported. */
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { startMongod } from '../../bin/mongod.js';
import { createPrivateFolder, warnIfWritableByOthers } from '../../config/private-folder.js';
import { findLoginSecret } from '../../edge/sign-in/login-secret.js';
import { localSecretKeys } from '../../userstore/secret-keys.js';
import { localServiceTokens } from '../../userstore/service-tokens.js';
import { testMongodbUri } from '../harness/mongod.js';
import { startUserstore } from '../harness/processes.js';
import { projectFiles } from '../harness/sources.js';

describe('DATA_DIR', function () {
  this.timeout(30_000);
  let folder: string;
  let umask: number;
  beforeEach(async () => {
    umask = process.umask();
    folder = await mkdtemp(join(tmpdir(), 'private-folder-'));
  });
  afterEach(async () => {
    process.umask(umask);
    await rm(folder, { recursive: true, force: true });
  });
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

  for (const mask of [0o000, 0o022, 0o077, 0o277]) {
    it(`is created with mode 700 under umask ${mask.toString(8).padStart(3, '0')}`, async () => {
      process.umask(mask);
      const creators: ((dataDir: string) => Promise<unknown>)[] = [
        createPrivateFolder,
        (dataDir) => findLoginSecret({ loginSecret: undefined, dataDir }),
        (dataDir) => localSecretKeys(dataDir, () => Promise.resolve(false)),
        localServiceTokens,
        // It ends at once, after the folder is created.
        (dbPath) => startMongod({ binary: '/bin/false', dbPath }).catch(() => undefined),
      ];
      for (const [index, create] of creators.entries()) {
        const dataDir = join(folder, String(index));
        await create(dataDir);
        expect(await modeOf(dataDir)).to.equal('700');
      }
    });
  }

  it('is created with its missing parents', async () => {
    await createPrivateFolder(join(folder, 'a', 'b', 'c'));
    for (const path of ['a', 'a/b', 'a/b/c']) expect(await modeOf(join(folder, path))).to.equal('700');
  });

  it('is refused at once where it cannot be created', async () => {
    await writeFile(join(folder, 'file'), '');
    const impossible = [
      join(folder, 'file'),
      join(folder, 'file', 'data'),
      ...(process.platform === 'linux' ? ['/proc/x/y'] : []),
    ];
    for (const path of impossible) {
      const refusal = await createPrivateFolder(path).then(() => 'created', String);
      expect(refusal, path).to.match(/EEXIST|ENOTDIR|ENOENT/);
    }
  });

  it('is created in one place', () => {
    const sources = projectFiles((path) => /^(bin|config|edge|userstore)\/.*\.ts$/.test(path));
    const creating = [...sources].filter(([, text]) => /\bmkdir(Sync)?\b/.test(text)).map(([file]) => file);
    // The cache of MongoDB's binaries and the API reference are outside DATA_DIR.
    expect(creating).to.have.members(['config/private-folder.ts', 'bin/mongod/find.ts', 'bin/generate-api.ts']);
  });

  it('keeps its mode if it exists, and is reported with its mode if its group or others can write to it', async () => {
    const warnings: object[] = [];
    const log = { warn: (fields: object) => void warnings.push(fields) };
    for (const mode of [0o700, 0o755, 0o770, 0o757, 0o1777]) {
      const path = join(folder, mode.toString(8));
      await mkdir(path);
      await chmod(path, mode);
      await createPrivateFolder(path);
      await warnIfWritableByOthers(path, log);
      expect((await stat(path)).mode & 0o7777).to.equal(mode);
    }
    await warnIfWritableByOthers(join(folder, 'missing'), log);
    expect(warnings).to.deep.equal([
      { folder: join(folder, '770'), mode: '770' },
      { folder: join(folder, '757'), mode: '757' },
      { folder: join(folder, '1777'), mode: '1777' },
    ]);
  });

  it('is reported in the log of a service', async () => {
    await chmod(folder, 0o777);
    const database = testMongodbUri(`private-folder-${process.pid}`);
    const { userstore } = await startUserstore(database, { DATA_DIR: folder });
    await userstore.stop();
    const line = userstore
      .log()
      .split('\n')
      .find((text) => text.includes('can write to DATA_DIR'));
    expect(JSON.parse(line ?? '{}')).to.include({ level: 40, folder, mode: '777' });
  });
});
