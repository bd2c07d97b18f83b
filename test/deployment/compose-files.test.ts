/** The compose files: published ports, rights of containers, and secrets as files that the script creates. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { composeFile, textOf, wrongVariables } from './files.js';

const SCRIPT = fileURLToPath(new URL('../../../bin/compose-secrets.sh', import.meta.url));
const CERTIFICATES_SCRIPT = fileURLToPath(new URL('../../../bin/compose-certificates.sh', import.meta.url));
const single = composeFile('docker-compose.yml');
const replicaSet = composeFile('docker-compose.replica-set.yml');
const tls = composeFile('docker-compose.tls.yml');

describe('the compose files', () => {
  it('publish the ports of the edge and the console and nothing else, on the loopback address unless told otherwise', () => {
    const services = [single, replicaSet, tls].flatMap((file) => Object.entries(file.services));
    const published = services.filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name, { ports }]) => [name, ports])).to.deep.equal([
      ['edge', [`\${EDGE_ADDRESS:-127.0.0.1}:\${EDGE_PORT:-8080}:8080`]],
      ['console', [`\${CONSOLE_ADDRESS:-127.0.0.1}:\${CONSOLE_PORT:-8090}:8090`]],
    ]);
  });

  it('keep the database and userstore on networks without a way out, and the edge off the database', () => {
    const { networks, services } = single;
    expect(networks?.services?.internal).to.equal(true);
    expect(networks?.database?.internal).to.equal(true);
    expect(services.mongo?.networks).to.deep.equal(['database']);
    expect(services.userstore?.networks).to.deep.equal(['database', 'services']);
    expect(services.edge?.networks).to.deep.equal(['services', 'public']);
    expect(services.console?.networks).to.deep.equal(['services', 'public']);
  });

  // Of a service that both files name, the second has only what differs.
  const whole = Object.entries({ ...replicaSet.services, ...single.services });
  for (const [name, service] of whole) {
    it(`run ${name} read-only, without rights and within limits`, () => {
      expect(service).to.deep.include({ read_only: true, cap_drop: ['ALL'] });
      expect(service.security_opt).to.include('no-new-privileges:true');
      expect(service.mem_limit).to.match(/^\d+[mg]$/);
    });
  }

  for (const name of ['edge', 'userstore', 'console'] as const) {
    it(`give ${name} variables that it reads, secrets by file`, () => {
      for (const { services } of [single, tls]) {
        const names = Object.keys(services[name]?.environment ?? {});
        expect(names).not.to.deep.equal([]);
        expect(wrongVariables(name, names)).to.deep.equal([]);
      }
    });
  }

  it('detect a wrong variable', () => {
    expect(wrongVariables('edge', ['PORT', 'PROT', 'USERSTORE_TOKEN', 'USERSTORE_TOKEN_FILE'])).to.deep.equal([
      'PROT',
      'USERSTORE_TOKEN',
    ]);
  });

  it('give each service the secrets that it reads', () => {
    for (const { services, secrets } of [single, replicaSet]) {
      const named = Object.keys({ ...single.secrets, ...secrets });
      for (const [name, { secrets: given = [], environment = {} }] of Object.entries(services)) {
        expect(named, name).to.include.members(given);
        for (const value of Object.values(environment)) {
          const file = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
          if (file !== undefined) expect(given, name).to.include(file);
        }
      }
    }
  });

  it('pass variables to the services under the same names, and no other', () => {
    for (const name of ['edge', 'userstore', 'console'] as const) {
      const { environment = {} } = single.services[name] ?? {};
      const handedOn = Object.entries(environment).filter(([, value]) => String(value).startsWith('${'));
      expect(handedOn).not.to.deep.equal([]);
      for (const [variable, value] of handedOn) expect(value).to.equal(`\${${variable}:-}`);
    }
  });

  it('give every service the same hosts of identity providers, so that the console tests what the edge connects to', () => {
    for (const name of ['edge', 'userstore', 'console'] as const) {
      expect(single.services[name]?.environment, name).to.include({
        PUBLIC_URL: `\${PUBLIC_URL:-}`,
        SSO_ALLOWED_HOSTS: `\${SSO_ALLOWED_HOSTS:-}`,
      });
    }
  });

  it('keep their secrets out of git and out of image builds', () => {
    expect(textOf('.gitignore').split('\n')).to.include('secrets/');
    expect(textOf('.dockerignore').split('\n')).to.include('*').and.not.include('!secrets');
  });
});

describe('the script that lays certificates for docker-compose.tls.yml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-certificates-'));
  const [from, secrets] = [join(folder, 'from'), join(folder, 'secrets')];
  after(() => rmSync(folder, { recursive: true }));
  const FILES = ['ca', 'edge-https', 'userstore', 'edge', 'reader', 'admin'].flatMap((name) => [
    `${name}.crt`,
    `${name}.key`,
  ]);
  const lay = (text: string) => {
    mkdirSync(from, { recursive: true });
    for (const name of FILES) writeFileSync(join(from, name), `${text} ${name}`, { mode: 0o600 });
    execFileSync('sh', [CERTIFICATES_SCRIPT, from], { env: { ...process.env, SECRETS_DIR: secrets } });
  };

  for (const name of ['edge', 'userstore', 'console'] as const) {
    it(`gives ${name} the files that its variables name, readable inside a closed folder, and no others`, () => {
      lay('first');
      lay('renewed');
      const { environment = {}, volumes = [] } = tls.services[name] ?? {};
      const named = Object.values(environment).flatMap((value) => /^\/run\/tls\/(.+)$/.exec(value)?.[1] ?? []);
      expect(volumes).to.deep.equal([`\${SECRETS_DIR:-./secrets}/tls/${name}:/run/tls:ro`]);
      const laid = join(secrets, 'tls', name);
      expect(readdirSync(laid)).to.have.members([...new Set(named)]);
      for (const file of named) {
        expect(readFileSync(join(laid, file), 'utf8')).to.equal(`renewed ${file}`);
        expect((statSync(join(laid, file)).mode & 0o777).toString(8)).to.equal('644');
      }
      expect((statSync(laid).mode & 0o777).toString(8)).to.equal('755');
      expect((statSync(secrets).mode & 0o777).toString(8)).to.equal('700');
    });
  }
});

describe('the script that makes secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compose-secrets-'));
  after(() => rmSync(folder, { recursive: true }));
  const make = () => execFileSync('sh', [SCRIPT], { env: { ...process.env, SECRETS_DIR: folder }, encoding: 'utf8' });
  const made = () =>
    new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]));

  it('makes every file that the compose files name, in a folder that only its owner may enter', () => {
    make();
    const named = [single, replicaSet].flatMap(({ secrets }) => Object.values(secrets).map(({ file }) => file));
    for (const file of named) {
      const name = /^\$\{SECRETS_DIR:-\.\/secrets\}\/(\w+)$/.exec(file)?.[1];
      expect([...made().keys()], file).to.include(name);
    }
    expect((statSync(folder).mode & 0o777).toString(8)).to.equal('700');
  });

  it('makes secrets of 256 random bits that fit each other, and tells none', () => {
    const secrets = made();
    const tokens = ['edge_token', 'reader_token', 'admin_token', 'viewer_token', 'support_token'].map(
      (name) => secrets.get(name) ?? '',
    );
    const passwords = ['mongodb_root_password', 'mongodb_password', 'mongodb_keyfile'].map(
      (name) => secrets.get(name) ?? '',
    );
    for (const secret of [...tokens, ...passwords]) expect(secret).to.match(/^[\da-f]{64}$/);
    expect(new Set([...tokens, ...passwords]).size).to.equal(8);
    const [edge, reader, admin, viewer, support] = tokens;
    const callers = { edge, reader, admin, viewer, support };
    const expected = Object.entries(callers).map(([name, token]) => `${name}:${name}:${token}`);
    expect(secrets.get('service_tokens')).to.equal(expected.join(','));
    for (const name of ['mongodb_uri', 'mongodb_uri_replica_set']) {
      expect(secrets.get(name)).to.include(`userstore:${secrets.get('mongodb_password')}@`);
    }
  });

  it('adds the roles of the console to the service tokens of an earlier version, once', () => {
    const file = join(folder, 'service_tokens');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, `${whole.split(',').slice(0, 3).join(',')}\n`);
    make();
    make();
    expect(readFileSync(file, 'utf8')).to.equal(whole);
  });

  it('keeps existing secrets and creates missing ones', () => {
    const before = made();
    rmSync(join(folder, 'edge_token'));
    expect(make()).to.match(/^made \S+edge_token\n$/);
    const { edge_token: _new, ...kept } = Object.fromEntries(made());
    const { edge_token: _old, ...old } = Object.fromEntries(before);
    expect(kept).to.deep.equal(old);
  });
});
