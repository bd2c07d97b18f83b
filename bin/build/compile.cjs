/**
 * Compiles the TypeScript of a folder (the project, unless an argument names another one) into its `dist/`, and does
 * nothing within milliseconds when `dist/` is current. Exits with the status of the compiler.
 *
 * `dist/` is current when the stamp of the last successful compilation names the same inputs and every source has its
 * output. The stamp is a digest of paths, sizes and times, so that a `git checkout` of older files counts as a change.
 */
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { join, relative, resolve } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

/** A compilation takes seconds; a lock of this age belongs to a process that is gone and whose pid another has. */
const LOCK_MS = 10 * 60_000;
const POLL_MS = 50;

const root = resolve(process.argv[2] ?? join(__dirname, '..', '..'));
const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const buildInfo = join(dist, '.tsbuildinfo');
const lock = join(dist, '.lock');

if (!isCurrent(inputs())) {
  exclusively(compile).then((status) => {
    process.exitCode = status;
  });
}

function compile() {
  // Read before the compiler starts: a file that changes meanwhile makes the next command compile again.
  const before = inputs();
  if (isCurrent(before)) return 0;
  rmSync(stamp, { force: true });
  const { missing, stale } = outputs(before.sources);
  for (const path of stale) rmSync(path, { force: true });
  // An incremental compilation does not notice that an output is gone.
  if (missing) rmSync(buildInfo, { force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, error } = spawnSync(process.execPath, [compiler, '--project', root], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) return status ?? 1;
  const draft = `${stamp}.${process.pid}`;
  writeFileSync(draft, before.digest);
  renameSync(draft, stamp);
  return 0;
}

function isCurrent({ digest, sources }) {
  if (read(stamp) !== digest) return false;
  const { missing, stale } = outputs(sources);
  return !missing && stale.length === 0;
}

/** The sources, relative to the folder, and a digest of them and of all else that an output depends on. */
function inputs() {
  const { include } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const sources = include.flatMap((folder) => filesIn(join(root, folder), '.ts', '.tsx')).sort();
  const others = ['tsconfig.json', 'package.json', 'package-lock.json', 'node_modules/.package-lock.json'];
  const digest = createHash('sha256');
  for (const path of [...sources, ...others.map((name) => join(root, name))]) {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    digest.update(`${relative(root, path)}\0${stat?.size}\0${stat?.mtimeNs}\0${stat?.ctimeNs}\n`);
  }
  return { sources, digest: digest.digest('hex') };
}

/** Whether a source has no output, and the outputs that no source has. */
function outputs(sources) {
  const wanted = new Set(
    sources
      .filter((path) => !path.endsWith('.d.ts'))
      .map((path) => join(dist, relative(root, path)).replace(/\.tsx?$/, '.js')),
  );
  const found = filesIn(dist, '.js', '.js.map');
  const stale = found.filter((path) => !wanted.has(path.replace(/\.map$/, '')));
  // A command that was killed while the compiler wrote leaves empty outputs.
  const whole = found.filter((path) => wanted.has(path) && statSync(path).size > 0);
  return { stale, missing: whole.length < wanted.size };
}

function filesIn(folder, ...endings) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path, ...endings);
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

/** Runs `work` while no other process does so in this folder. */
async function exclusively(work) {
  mkdirSync(dist, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned()) rmSync(lock, { force: true });
    else await sleep(POLL_MS);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether the process that holds the lock is gone, which a kill -9 or Ctrl-C leaves behind. */
function isAbandoned() {
  const stat = statSync(lock, { throwIfNoEntry: false });
  if (!stat) return false;
  if (Date.now() - stat.mtimeMs > LOCK_MS) return true;
  const pid = Number(read(lock));
  // Between its creation and its content the file is empty.
  if (!pid) return Date.now() - stat.mtimeMs > 1000;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
