/**
 * The command `npm run dev`: `npm start` with readable logs of every request. When a source changes, it compiles and restarts the
 * services whose code has changed, or everything when the code of `npm start` itself has.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, watch } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** An editor that saves, or a `git checkout`, changes many files at once. */
const QUIET_MS = 200;
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const start = join(dist, 'bin', 'start.js');
const { include: folders } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
/** The folders of `dist/` whose code a process has loaded. */
const LOADED = {
  edge: ['edge', 'brand', 'client', 'config', 'outbound', 'proto'],
  userstore: ['userstore', 'config', 'proto'],
  console: ['console', 'brand', 'client', 'config', 'outbound', 'proto'],
  all: ['bin'],
};

/** Readable logs, also in a pipe, with every request. */
const env = {
  ...process.env,
  LOG_FORMAT: process.env.LOG_FORMAT || 'pretty',
  LOG_LEVEL: process.env.LOG_LEVEL || 'debug',
};

const say = (line) => process.stderr.write(`dev: ${line}\n`);

let running = launch();
let isStopping = false;
// A terminal sends Ctrl-C to `npm start`'s process too.
process.on('SIGINT', () => {
  isStopping = true;
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, stop);
// npm passes a SIGTERM on to the shell between it and this process, and the shell just dies.
const shell = process.ppid;
setInterval(() => process.ppid !== shell && stop(), 500).unref();

let code = digests();
let quiet;
let work = Promise.resolve();
for (const folder of folders) {
  watch(join(root, folder), { recursive: true }, (_event, name) => {
    if (!/\.tsx?$/.test(name ?? '')) return;
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      work = work.then(update);
    }, QUIET_MS);
  });
}

/** Starts `npm start`'s process; this command ends with it, unless it is restarted. */
function launch() {
  const child = spawn(process.execPath, ['--enable-source-maps', start], { stdio: 'inherit', env });
  child.once('exit', (status) => {
    if (child === running) process.exit(status ?? 1);
  });
  return child;
}

function stop() {
  if (!isStopping) running?.kill('SIGTERM');
  isStopping = true;
}

async function update() {
  if (isStopping) return;
  const began = Date.now();
  const compiler = spawn(process.execPath, [join(root, 'bin', 'build.cjs')], { stdio: 'inherit' });
  const [status] = await once(compiler, 'exit');
  if (status !== 0) return say('not compiled: everything runs as before');
  const before = code;
  code = digests();
  const changed = Object.keys(LOADED).filter((name) => before[name] !== code[name]);
  const isAll = changed.includes('all');
  const named = isAll ? 'everything' : changed.join(' and ') || 'nothing';
  say(`compiled in ${Date.now() - began} ms; restarts ${named}`);
  if (isAll) await restart();
  else for (const name of changed) await end(name);
}

async function restart() {
  const old = running;
  running = undefined;
  const gone = once(old, 'exit');
  old.kill('SIGTERM');
  await gone;
  if (isStopping) process.exit();
  running = launch();
}

/** Ends a service; `npm start` then starts it again. */
async function end(service) {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args=']);
  for (const line of stdout.split('\n')) {
    const [pid, parent, ...args] = line.trim().split(/\s+/);
    if (Number(parent) === running.pid && args.join(' ').includes(join(dist, service, 'main.js'))) {
      process.kill(Number(pid), 'SIGTERM');
    }
  }
}

/** A digest of the code of each part. */
function digests() {
  return Object.fromEntries(
    Object.entries(LOADED).map(([name, parts]) => {
      const digest = createHash('sha256');
      for (const part of parts) {
        const files = readdirSync(join(dist, part), { recursive: true, encoding: 'utf8' });
        for (const file of files.filter((path) => path.endsWith('.js')).sort()) {
          digest.update(part + sep + file).update(readFileSync(join(dist, part, file)));
        }
      }
      return [name, digest.digest('hex')];
    }),
  );
}
