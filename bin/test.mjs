/**
 * The commands `npm test`, which runs all tests, and `npm run test:one -- FILE…`, which runs only the tests of the files
 * and folders that it names, by their path under `test/` or `dist/test/`. Mocha gets the other arguments, such as
 * `-g "part of a title"`. Both expect that `dist/` is current.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file starts several processes; with more files at a time than processors, tests of throughput fail. */
const JOBS = Math.min(4, Math.max(2, availableParallelism()));
/** Their tests need a container engine: `npm run test:compose` runs them. */
const COMPOSE = 'dist/test/compose/';
/** These expect answers within fractions of a second, so they run one after the other, with nothing beside them. */
const ALONE = ['hostile', 'hostile-bodies', 'overload'];

const root = fileURLToPath(new URL('..', import.meta.url));
const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');

const args = process.argv.slice(2);
process.exitCode = args[0] === '--one' ? one(args.slice(1)) : all(args);

function all(options) {
  const files = testsIn('dist/test').filter((file) => !file.startsWith(COMPOSE));
  const alone = ALONE.map((name) => {
    const file = files.find((path) => path.endsWith(`/${name}.test.js`));
    if (file === undefined) throw new Error(`bin/test.mjs names ${name}.test.ts, which is not there`);
    return file;
  });
  const beside = files.filter((file) => !alone.includes(file));
  const status = run([...longestFirst(beside), '--parallel', '--jobs', String(JOBS), ...options]);
  return run([...alone, ...options]) || status;
}

/** Sorts by the longest time that a file allows a test: one that takes a minute must not begin when all others end. */
function longestFirst(files) {
  const allowed = new Map(
    files.map((file) => {
      const timeouts = readFileSync(join(root, file), 'utf8').matchAll(/\btimeout\(([\d_]+)\)/g);
      return [file, Math.max(0, ...Array.from(timeouts, ([, ms]) => Number(ms.replaceAll('_', ''))))];
    }),
  );
  return files.toSorted((a, b) => allowed.get(b) - allowed.get(a));
}

function one(args) {
  const named = args.filter(isTest);
  if (named.length === 0) {
    process.stderr.write('Name a test: npm run test:one -- test/FOLDER/NAME.test.ts [-g "part of its title"]\n');
    return 1;
  }
  const files = named.flatMap((path) => {
    const compiled = relative(root, resolve(path))
      .replace(/^test\b/, 'dist/test')
      .replace(/\.ts$/, '.js');
    return statSync(join(root, compiled), { throwIfNoEntry: false })?.isDirectory() ? testsIn(compiled) : compiled;
  });
  const missing = files.find((file) => !existsSync(join(root, file)));
  if (missing === undefined) return run([...files, ...args.filter((arg) => !isTest(arg))]);
  process.stderr.write(`There is no ${missing}.\n`);
  return 1;
}

/** Whether an argument names tests, by a path from the project's folder or from the current one. */
function isTest(arg) {
  return /^(dist\/)?test\//.test(relative(root, resolve(arg))) || /\.test\.[jt]s$/.test(arg);
}

function testsIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** Runs mocha with the options of `.mocharc.json` and these; returns its exit status. */
function run(args) {
  const { status, error } = spawnSync(process.execPath, [mocha, ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}
