/**
 * The commands `npm test`, which runs all tests, and `npm run test:one -- FILE…`, which runs only the tests of the files
 * and folders that it names, by their path under `test/` or `dist/test/`. Mocha gets the other arguments, such as
 * `-g "part of a title"`. Both expect that `dist/` is current.
 *
 * `npm test` runs the files of failed tests once more, alone: a test with a time limit can fail beside others on a slow
 * machine. Its last lines name the tests that passed only then, and count: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files wait half of their time, but each starts several processes: with many more, tests fail by their time limits. */
const JOBS = Math.min(4, availableParallelism() + 1);
/** Their tests need a container engine: `npm run test:compose` runs them. */
const COMPOSE = 'dist/test/compose/';
/** These expect answers within fractions of a second, so they run one after the other, with nothing beside them. */
const ALONE = ['hostile', 'hostile-bodies', 'overload'];
/** More files with failures than these are no matter of a slow machine, and take too long alone. */
const MOST_AGAIN = 12;

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
  const runs = [
    counted([...longestFirst(beside), '--parallel', '--jobs', String(JOBS), ...options]),
    counted([...alone, ...options]),
  ];
  const passes = runs.reduce((sum, { passes }) => sum + passes, 0);
  const failures = runs.flatMap(({ failures }) => failures);
  const lasting = failures.length === 0 ? [] : lastingOf(failures, options);
  const flaky = failures.filter(({ title }) => !lasting.some((failure) => failure.title === title));
  for (const { file, title } of flaky) console.log(`Passed only alone: ${title} (${file})`);
  const cut = runs.some((run) => !hasEnded(run));
  if (cut) console.log('A run of mocha ended before its tests did.');
  console.log(`${passes + flaky.length} passed, ${lasting.length + (cut ? 1 : 0)} failed`);
  return lasting.length === 0 && !cut ? 0 : 1;
}

/** Runs the files of these failures alone; returns what fails again, and all of them if that run does not end. */
function lastingOf(failures, options) {
  const files = [...new Set(failures.map(({ file }) => file))].filter((file) => file !== undefined);
  if (files.length === 0 || files.length > MOST_AGAIN) return failures;
  console.log(`\nOnce more, alone: ${files.map((file) => relative(root, file)).join(', ')}`);
  const again = counted([...files, ...options]);
  return hasEnded(again) ? again.failures : failures;
}

/** Mocha's exit status is the number of its failures, 255 at most; with another status, tests are missing. */
function hasEnded({ status, failures }) {
  return status === Math.min(failures.length, 255);
}

/** Runs mocha with its usual report; returns its exit status, how many tests passed, and which failed. */
function counted(args) {
  const folder = mkdtempSync(join(tmpdir(), 'leasehawk-tests-'));
  const result = join(folder, 'result.json');
  try {
    const status = run(['--reporter', join(root, 'bin', 'test-reporter.cjs'), ...args], { TEST_RESULT: result });
    return existsSync(result)
      ? { status, ...JSON.parse(readFileSync(result, 'utf8')) }
      : { status: -1, passes: 0, failures: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
function run(args, env = {}) {
  const { status, error } = spawnSync(process.execPath, [mocha, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  if (error) throw error;
  return status ?? 1;
}
