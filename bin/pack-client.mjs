/**
 * The command `npm run pack:client [-- FOLDER]`: writes the tarball of the client package to the current folder, or to
 * FOLDER, and prints its path. The package has the versions of this project and of its dependencies.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = ['@bufbuild/protobuf', '@grpc/grpc-js'];

const root = fileURLToPath(new URL('..', import.meta.url));
const json = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const folder = mkdtempSync(join(tmpdir(), 'pack-client-'));
try {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--project', join(root, 'client'), '--outDir', folder];
  execFileSync(process.execPath, [compiler, ...options], { stdio: ['ignore', 2, 2] });
  const { version, dependencies } = json('package.json');
  const needed = Object.fromEntries(NEEDED.map((name) => [name, dependencies[name]]));
  const manifest = { ...json('client/package.json'), version, dependencies: needed };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  copyFileSync(join(root, 'client', 'README.md'), join(folder, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const target = resolve(process.argv[2] ?? '.');
  const pack = ['pack', '--silent', '--pack-destination', target];
  const name = execFileSync('npm', pack, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] }).trim();
  process.stdout.write(`${join(target, name)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
