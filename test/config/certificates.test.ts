/** Certificates in files: their checks, and the warnings while a process runs. */
import { readFile, rm } from 'node:fs/promises';
import { expect } from 'chai';
import { followCertificates } from '../../config/certificates.js';
import { certificatesOfTests, type Folder, replace } from '../harness/certificates.js';
import { eventually } from '../harness/userstore.js';

const DAY = 24 * 3_600_000;

describe('certificates in files', () => {
  let folder: Folder;
  let edge: { cert: string; key: string };
  let ca: string;
  before(async () => {
    folder = await certificatesOfTests();
    edge = { cert: folder.path('edge.crt'), key: folder.path('edge.key') };
    ca = folder.path('ca.crt');
  });
  after(() => folder.remove());

  const outcome = async (files: Parameters<typeof followCertificates>[0]) => {
    try {
      (await followCertificates(files)).close();
      return 'good';
    } catch (error) {
      return String(error);
    }
  };

  it('are good with or without their issuers below them, and a CA alone or among others', async () => {
    expect(await outcome({ ...edge, ca })).to.equal('good');
    const [own = ''] = (await readFile(edge.cert, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
    await replace(folder.path('alone.crt'), `Bag Attributes: none\n${own}`);
    expect(await outcome({ ...edge, cert: folder.path('alone.crt') })).to.equal('good');
    await replace(folder.path('two.crt'), (await readFile(ca, 'utf8')) + own);
    expect(await outcome({ ca: folder.path('two.crt') })).to.equal('good');
  });

  it('are logged with their expiry and without the key', async () => {
    const lines: object[] = [];
    const log = { info: (fields: object) => void lines.push(fields), warn: () => undefined };
    (await followCertificates(edge, log)).close();
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include(edge).and.have.property('validTo').that.is.a('date');
  });

  for (const [title, text, reason] of [
    ['empty', () => '', /no certificate in PEM form/],
    ['something else', () => 'nonsense', /no certificate in PEM form/],
    ['cut off', (pem: string) => pem.slice(0, 600), /no certificate in PEM form/],
    ['damaged', (pem: string) => pem.replace(/(?<=^.{300}).{200}/s, 'A'.repeat(200)), /cannot be read|private key/],
    ['with its chain in the wrong order', (pem: string, issuer: string) => issuer + pem, /issued by the one after it/],
  ] as const) {
    it(`are refused ${title}, with the file's name`, async () => {
      const cert = folder.path('bad.crt');
      await replace(cert, text(await readFile(edge.cert, 'utf8'), await readFile(ca, 'utf8')));
      expect(await outcome({ ...edge, cert }))
        .to.match(reason)
        .and.include(cert);
    });
  }

  for (const [title, cut] of [
    ['within the last certificate', (pem: string) => pem.slice(0, -100)],
    ['within the first line of the last certificate', (pem: string) => pem.slice(0, pem.lastIndexOf('BEGIN') + 3)],
    ['within the dashes of that line', (pem: string) => pem.slice(0, pem.lastIndexOf('BEGIN') - 2)],
    ['within the last line', (pem: string) => pem.slice(0, -8)],
  ] as const) {
    it(`are refused half-written, as a CA bundle and as a chain: cut off ${title}`, async () => {
      const authority = await readFile(ca, 'utf8');
      const [bundle, chain] = [folder.path('half-ca.crt'), folder.path('half.crt')];
      await replace(bundle, cut(authority + authority));
      await replace(chain, cut((await readFile(edge.cert, 'utf8')) + authority));
      expect(await outcome({ ca: bundle })).to.include(`${bundle} has a part that is cut off`);
      expect(await outcome({ ...edge, cert: chain })).to.include(`${chain} has a part that is cut off`);
    });
  }

  it('are good among text, and with a key in the same file', async () => {
    const [pem, key] = [await readFile(edge.cert, 'utf8'), await readFile(edge.key, 'utf8')];
    await replace(folder.path('both.crt'), `--- the edge's ---\r\n${pem}\n# key\n${key}\n-- end --\n`);
    expect(await outcome({ cert: folder.path('both.crt'), key: folder.path('both.crt') })).to.equal('good');
  });

  it('are refused when they have expired, do not match the key, or are missing', async () => {
    await folder.write('late', { days: -1 });
    const late = { cert: folder.path('late.crt'), key: folder.path('late.key') };
    expect(await outcome(late)).to.include(`${late.cert} is expired since`);
    expect(await outcome({ ...edge, key: late.key })).to.include(`${late.key} is not the private key of ${edge.cert}`);
    expect(await outcome({ ...edge, key: folder.path('none.key') })).to.include('none.key');
    await replace(folder.path('bad-ca.crt'), 'nonsense');
    expect(await outcome({ ca: folder.path('bad-ca.crt') })).to.include('bad-ca.crt has no certificate');
  });
});

describe('certificates in use', () => {
  let folder: Folder;
  let files: { cert: string; key: string; ca: string };
  let warnings: Record<string, unknown>[];
  let time: number;
  before(async () => {
    folder = await certificatesOfTests();
    files = { cert: folder.path('edge.crt'), key: folder.path('edge.key'), ca: folder.path('ca.crt') };
  });
  after(() => folder.remove());
  beforeEach(() => {
    warnings = [];
    time = Date.now();
  });

  const log = {
    info: () => undefined,
    warn: (fields: object, message: string) => void warnings.push({ ...fields, message }),
  };
  const follow = async (its: typeof files, intervalMs = 5) =>
    await followCertificates(its, log, { intervalMs, now: () => time });
  /** Waits until the files have been read several times. */
  const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

  it('are warned about once a day from 14 days before they expire, and are not usable afterwards', async () => {
    await folder.write('month', { days: 30 });
    const month = { cert: folder.path('month.crt'), key: folder.path('month.key') };
    const certificates = await followCertificates(month, log, { intervalMs: 5, now: () => time });
    try {
      const end = certificates.validity().cert?.getTime() ?? 0;
      expect(end - Date.now()).to.be.within(29 * DAY, 31 * DAY);
      time = end - 15 * DAY;
      await pause();
      expect(warnings).to.deep.equal([]);
      for (const days of [13, 12]) {
        time = end - days * DAY;
        await pause();
      }
      expect(warnings.map(({ message, validTo }) => [message, Number(validTo)])).to.deep.equal(
        Array(2).fill(['certificates expire soon or have expired', end]),
      );
      expect(certificates.areUsable()).to.equal(true);
      time = end + 1000;
      await eventually('they are found expired', async () => !certificates.areUsable());
      expect(warnings.at(-1)?.reason).to.match(/month\.crt is expired since/);
    } finally {
      certificates.close();
    }
  });

  it('are not usable while their files are broken, which the log repeats every hour until they are replaced', async () => {
    const certificates = await follow(files);
    try {
      const good = await readFile(files.ca, 'utf8');
      const validity = certificates.validity();
      expect(Object.keys(validity)).to.have.members(['cert', 'ca']);
      const broken = () => warnings.filter(({ reason }) => reason !== undefined);
      await rm(files.ca);
      await eventually('they are found broken', async () => !certificates.areUsable());
      await pause();
      expect(broken()).to.have.length(1);
      expect(broken()[0]?.reason).to.match(/ENOENT.*ca\.crt/);
      time += 3_600_001;
      await pause();
      expect(broken()).to.have.length(2);
      expect(certificates.validity()).to.equal(validity);
      expect(certificates.current().ca?.toString()).to.equal(good);
      await replace(files.ca, good);
      await eventually('the replaced files are found usable', async () => certificates.areUsable());
      await rm(files.ca);
      await eventually('they are found broken again', async () => broken().length === 3);
      await replace(files.ca, good);
    } finally {
      certificates.close();
    }
  });

  it('expire, of several CAs, with the first one', async () => {
    await folder.write('short', { days: 3 });
    const authority = await readFile(files.ca, 'utf8');
    await replace(folder.path('several.crt'), (await readFile(folder.path('short.crt'), 'utf8')) + authority);
    const certificates = await follow({ ...files, ca: folder.path('several.crt') });
    certificates.close();
    const alone = await follow(files);
    alone.close();
    expect(certificates.validity().ca).to.deep.equal(alone.validity().ca);
    expect(Number(alone.validity().ca) - Date.now()).to.be.below(2 * DAY);
  });
});
