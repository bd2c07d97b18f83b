/** The command `npm start` as a newcomer sees it, over the MongoDB of the tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { command, succeeding } from '../harness/commands.js';
import { testMongodbUri } from '../harness/mongod.js';
import { eventually } from '../harness/userstore.js';

const SCRIPT = fileURLToPath(new URL('../../bin/start.js', import.meta.url));

describe('npm start', function () {
  this.timeout(60_000);
  let folder: string;
  let child: ReturnType<typeof launch>;
  let origin: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-command-'));
  });
  afterEach(async () => {
    await child.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts the command in a process whose output is no terminal. */
  function launch(env: Record<string, string>) {
    const running = spawn(process.execPath, [SCRIPT], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { out: '', error: '' };
    running.stdout.on('data', (chunk: Buffer) => {
      written.out += chunk.toString();
    });
    running.stderr.on('data', (chunk: Buffer) => {
      written.error += chunk.toString();
    });
    const closed = once(running, 'close');
    return {
      written,
      closed,
      signal: (signal: NodeJS.Signals) => void running.kill(signal),
      end: async (signal: NodeJS.Signals) => {
        running.kill(signal);
        await closed;
        return running.exitCode;
      },
    };
  }
  async function start(env: Record<string, string> = {}): Promise<void> {
    const [port, userstorePort] = [String(await freePort()), String(await freePort())];
    origin = `http://localhost:${port}`;
    const database = testMongodbUri(`start-command-${process.pid}-${port}`);
    const ports = { PORT: port, USERSTORE_PORT: userstorePort };
    child = launch({ DATA_DIR: folder, MONGODB_URI: database, ...ports, ...env });
  }
  const ready = () =>
    eventually('it is ready', async () => child.written.out.includes('Ctrl-C stops everything'), 40_000);
  const isSaid = (text: string) =>
    eventually(text, async () => (child.written.out + child.written.error).includes(text), 20_000);
  const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

  it('names the base URL, token, setup page, login page, the Okta stand-in and the admin command, all of which work', async () => {
    await start();
    await ready();
    const { out } = child.written;
    const id = /Organization ID {2}(\w+)/.exec(out)?.[1] ?? '';
    const token = /API Token {8}(apikey [\w-]{36})/.exec(out)?.[1] ?? '';
    expect(out).to.include(`Base URL         ${origin}/${id}/scim/v2\n`);
    expect(out).to.include(`curl -H "Authorization: ${token}" "${origin}/${id}/scim/v2/Users`);
    expect(out).to.include(`SCIM_TOKEN="${token}" npm run okta -- --url "${origin}/${id}/scim/v2"\n`);
    expect(out).to.include(`Setup page       ${origin}/${id}/setup\n`);
    expect(out).to.include(`Login page       ${origin}/login\n`);
    expect(out).to.include(`DATA_DIR="${folder}" npm run admin -- --help\n`);

    const users = await fetch(`${origin}/${id}/scim/v2/Users`, { headers: { authorization: token } });
    expect(users.status).to.equal(200);
    const login = await fetch(`${origin}/login`);
    expect([login.status, await login.text()]).to.satisfy(
      ([status, page]: [number, string]) => status === 200 && page.includes('E-mail address'),
    );
    expect(await (await fetch(`${origin}/${id}/setup`)).text()).to.include(`${origin}/${id}/scim/v2`);
  });

  it('writes its address for the admin command into DATA_DIR, for its owner only, and deletes it at the end', async () => {
    await start();
    await ready();
    const file = join(folder, 'addresses.json');
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const shown = await succeeding(command('admin', ['org', 'list'], { DATA_DIR: folder }));
    expect(shown).to.include('First organization');
    expect(await child.end('SIGINT')).to.equal(0);
    expect(existsSync(file)).to.equal(false);
  });

  it('logs JSON if its output is no terminal', async () => {
    await start();
    await ready();
    await fetch(`${origin}/nowhere`);
    await isSaid('"path":"/nowhere"');
    const services = linesOf(child.written.out).filter((line) => !/^ {2}/.test(line));
    expect(services.map((line) => JSON.parse(line).service)).to.include.members(['edge', 'userstore']);
  });

  it('logs short lines with LOG_FORMAT=pretty, and of requests only those that fail', async () => {
    await start({ LOG_FORMAT: 'pretty' });
    await ready();
    expect(child.written.out).to.include('Requests that fail appear below; LOG_LEVEL=debug shows all.');
    await fetch(`${origin}/login`);
    await fetch(`${origin}/nowhere`);
    await isSaid('edge: GET /nowhere 404 in ');
    expect(child.written.out).not.to.match(/GET \/login|\{"level"|unset/);
  });

  it('logs all requests as short lines with LOG_LEVEL=debug', async () => {
    await start({ LOG_FORMAT: 'pretty', LOG_LEVEL: 'debug' });
    await ready();
    await fetch(`${origin}/login`);
    await isSaid('edge: GET /login 200 in ');
  });

  it('prints the variables that are set, without secrets, and those that are probably misspelled', async () => {
    await start({ MONGO_URL: 'mongodb://u:s3cret@h', USERSTORE_ADRESS: 'h:1', ADMIN_TOKEN: 's3cret-admin-token' });
    await isSaid('configuration:');
    const [configuration, unknown] = linesOf(child.written.error);
    expect(configuration).to.match(
      /^configuration: PORT=\d+ USERSTORE_PORT=\d+ MONGODB_URI=set ADMIN_TOKEN=set DATA_DIR=\S+$/,
    );
    expect(unknown).to.equal(
      'unknown variables: MONGO_URL (is MONGODB_URI meant?), USERSTORE_ADRESS (is USERSTORE_ADDRESS meant?)',
    );
  });

  it('tells that MongoDB cannot be reached, where, and that the edge waits', async () => {
    const nowhere = `mongodb://ana:s3cret@127.0.0.1:${await freePort()}/x`;
    await start({ MONGODB_URI: nowhere });
    await isSaid('userstore waits for MongoDB; the edge starts once MongoDB answers.');
    await isSaid(`MongoDB cannot be reached at ${nowhere.slice('mongodb://ana:s3cret@'.length, -2)};`);
    expect(child.written.out + child.written.error).not.to.include('s3cret');
  });

  it('ends at once by a second Ctrl-C, with exit code 130, while a service does not end', async () => {
    await start({ MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}/x` });
    await isSaid('"service":"userstore"');
    // Between two attempts to connect userstore ends at once; an attempt takes five seconds.
    await sleep(1500);
    child.signal('SIGINT');
    await isSaid('stopping; a second Ctrl-C ends everything at once');
    // npm sends a second signal for one Ctrl-C.
    child.signal('SIGINT');
    await sleep(500);
    const began = Date.now();
    expect(await child.end('SIGINT')).to.equal(130);
    expect(Date.now() - began).to.be.below(3000);
  });

  it('refuses a DATA_DIR that cannot be created in one line, and exits with 1', async function () {
    if (process.platform !== 'linux') return this.skip();
    await start({ DATA_DIR: '/proc/x/data' });
    const [code] = (await child.closed) as [number];
    expect([code, linesOf(child.written.error).slice(1)]).to.deep.equal([
      1,
      ["DATA_DIR cannot be used: ENOENT: no such file or directory, mkdir '/proc/x'. Choose another folder."],
    ]);
  });
});
