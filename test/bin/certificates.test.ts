/** The command certificates: new certificates, and renewal. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { InvalidArgumentError } from 'commander';
import { variables as adminVariables } from '../../bin/admin/config.js';
import { collectClient } from '../../bin/certificates/clients.js';
import { variables as edgeVariables } from '../../edge/config.js';
import { variables as userstoreVariables } from '../../userstore/config.js';
import { command, succeeding } from '../harness/commands.js';

describe('the command certificates', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'certificates-command-')), 'out');
  });
  afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

  const make = (...args: string[]) => command('certificates', ['--out', folder, ...args], {});
  const certificate = async (name: string) => new X509Certificate(await readFile(join(folder, `${name}.crt`)));

  it('creates a CA, two servers and a client for each role, with keys that only their owner can read', async () => {
    await succeeding(make('--host', 'scim.oakstreet.example', '--host', '10.0.0.7'));
    const names = ['admin', 'ca', 'edge', 'edge-https', 'reader', 'userstore'];
    const files = names.flatMap((name) => [`${name}.crt`, `${name}.key`]);
    expect(await readdir(folder)).to.have.members([...files, 'tls.env']);
    for (const name of names) expect((await stat(join(folder, `${name}.key`))).mode & 0o777).to.equal(0o600);

    const ca = await certificate('ca');
    for (const name of names) {
      const made = await certificate(name);
      expect(made.verify(ca.publicKey), name).to.equal(true);
      // A serial number with a redundant leading zero makes the certificate invalid.
      expect(made.serialNumber).to.match(/^01[\dA-F]{32}$/);
    }
    for (const role of ['edge', 'reader', 'admin']) {
      expect((await certificate(role)).subjectAltName).to.equal(`URI:urn:leasehawk:role:${role}`);
    }
    for (const server of ['edge-https', 'userstore']) {
      const served = await certificate(server);
      for (const host of ['localhost', 'scim.oakstreet.example']) expect(served.checkHost(host)).to.equal(host);
      expect(served.checkIP('10.0.0.7')).to.equal('10.0.0.7');
      expect(served.subjectAltName).not.to.include('URI');
    }
  });

  it('writes the variables that use them, all of which exist', async () => {
    await succeeding(make());
    const printed = (await readFile(join(folder, 'tls.env'), 'utf8')).trim().split('\n');
    const known = [edgeVariables, userstoreVariables, adminVariables].flatMap(({ shape }) => Object.keys(shape));
    for (const line of printed) {
      const [variable = '', file = ''] = line.split('=');
      expect(known).to.include(variable);
      expect((await stat(file)).isFile()).to.equal(true);
    }
    const ofTls = known.filter((name) => /_CERT$|(TLS|CLIENT)_KEY$|_CA$/.test(name));
    expect(printed.map((line) => line.split('=')[0])).to.have.members([...new Set(ofTls)]);
  });

  it('writes them into DATA_DIR', async () => {
    const printed = await succeeding(command('certificates', [], { DATA_DIR: folder }));
    expect(printed).to.include(join(folder, 'certificates', 'edge.crt'));
    expect(await readdir(join(folder, 'certificates'))).to.include('ca.crt');
  });

  it('renews the certificates of the CA for the same hosts, and keeps the CA', async () => {
    await succeeding(make('--host', 'scim.oakstreet.example'));
    const [ca, edge, served] = await Promise.all(['ca', 'edge', 'edge-https'].map(certificate));
    await succeeding(make('--renew', '--days', '30'));
    expect((await certificate('ca')).fingerprint256).to.equal(ca?.fingerprint256);
    expect((await certificate('edge')).fingerprint256).not.to.equal(edge?.fingerprint256);
    expect((await certificate('edge')).verify((ca as X509Certificate).publicKey)).to.equal(true);
    const renewed = await certificate('edge-https');
    expect(renewed.subjectAltName).to.equal(served?.subjectAltName);
    const days = (Date.parse(renewed.validTo) - Date.now()) / 86_400_000;
    expect(days).to.be.within(29.9, 30);
  });

  it('issues certificates of further callers, alone beside an existing CA, and renews them', async () => {
    const held = 'billing:reader:7kq2m9xw4hbd,9spuvmsvt7pm';
    await succeeding(make());
    const edge = await certificate('edge');
    expect(await succeeding(make('--client', held, '--client', 'ana:support'))).to.include('billing, ana');
    expect((await certificate('edge')).fingerprint256).to.equal(edge.fingerprint256);
    const names = ['role:reader', 'organization:7kq2m9xw4hbd', 'organization:9spuvmsvt7pm'];
    const isHeld = async () => {
      const { subject, subjectAltName } = await certificate('billing');
      expect(subject).to.equal('CN=billing');
      expect(subjectAltName).to.equal(names.map((name) => `URI:urn:leasehawk:${name}`).join(', '));
    };
    await isHeld();
    const before = await certificate('billing');
    await succeeding(make('--renew'));
    await isHeld();
    expect((await certificate('billing')).fingerprint256).not.to.equal(before.fingerprint256);
    expect((await certificate('ana')).subjectAltName).to.equal('URI:urn:leasehawk:role:support');
    expect((await make('--client', 'billing')).code).to.equal(2);
  });

  it('refuses a caller without a role or of an unknown role, with a wrong or taken name, and an edge that is held to organizations', () => {
    for (const wrong of ['billing', 'billing:owner', 'edge:reader', 'a b:reader', 'x:edge:7kq2m9xw4hbd', 'ca:reader']) {
      expect(() => collectClient(wrong, {}), wrong).to.throw(InvalidArgumentError);
    }
  });

  it('refuses to overwrite a CA, to renew without a CA, and an invalid host', async () => {
    expect(await make('--renew')).to.deep.include({ code: 1, stdout: '' });
    await succeeding(make());
    const before = await certificate('ca');
    const again = await make();
    expect([again.code, again.stderr]).to.deep.equal([1, again.stderr]);
    expect(again.stderr).to.include('--renew');
    expect((await certificate('ca')).fingerprint256).to.equal(before.fingerprint256);
    expect((await make('--renew', '--host', 'a b')).code).to.equal(2);
  });
});
