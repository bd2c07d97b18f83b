/** Certificates in files: which are good. */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { followCertificates } from '../../config/certificates.js';
import { certificatesOfTests, type Folder, replace } from '../harness/certificates.js';

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

  it('are good with the issuing ones below them or without, and a CA alone or among others', async () => {
    expect(await outcome({ ...edge, ca })).to.equal('good');
    const [own = ''] = (await readFile(edge.cert, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
    await replace(folder.path('alone.crt'), `Bag Attributes: none\n${own}`);
    expect(await outcome({ ...edge, cert: folder.path('alone.crt') })).to.equal('good');
    await replace(folder.path('two.crt'), (await readFile(ca, 'utf8')) + own);
    expect(await outcome({ ca: folder.path('two.crt') })).to.equal('good');
  });

  it('say until when they are valid, and nothing of the key, in the log', async () => {
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

  it('are refused when they have expired, do not go with the key, or are not there', async () => {
    await folder.write('late', { days: -1 });
    const late = { cert: folder.path('late.crt'), key: folder.path('late.key') };
    expect(await outcome(late)).to.include(`${late.cert} is expired since`);
    expect(await outcome({ ...edge, key: late.key })).to.include(`${late.key} is not the private key of ${edge.cert}`);
    expect(await outcome({ ...edge, key: folder.path('none.key') })).to.include('none.key');
    await replace(folder.path('bad-ca.crt'), 'nonsense');
    expect(await outcome({ ca: folder.path('bad-ca.crt') })).to.include('bad-ca.crt has no certificate');
  });
});
