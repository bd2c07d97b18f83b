/** The guide for services in Go, Java and Python, and for tools: its commands are run as they stand. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { typed, userNamed } from '../harness/users.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LANGUAGES = [
  { heading: '### Go', tool: ['go', 'version'] },
  { heading: '### Java', tool: ['mvn', '--version'] },
  { heading: '### Python', tool: ['python3', '-m', 'venv', '--help'] },
] as const;
/** The errors of Go, Maven and pip where they cannot fetch a package. */
const UNREACHABLE =
  /dial tcp|lookup .* no such host|proxyconnect|Could not (transfer|find) artifact|Could not resolve|could not be resolved|No matching distribution|Connection(Error| refused)/i;

const run = promisify(execFile);

describe('the guide for services in other languages', function () {
  this.timeout(240_000);
  let folder: string;
  let address: string;
  let userstore: Service;
  let admin: UserstoreClient;
  let organizationId: string;
  let userId: string;
  let changes: NodeJS.Timeout;
  const programs = new Map<string, Program>();

  before(async () => {
    ({ address, userstore } = await startUserstore(testMongodbUri('languages'), { USERSTORE_REFLECTION: 'true' }));
    admin = userstoreClient(address, SERVICE_TOKENS.admin);
    const { organization } = await admin.createOrganization({ displayName: 'Oak Street', actor: actor() });
    organizationId = organization?.id ?? '';
    const user = userNamed('ana@oakstreet.example', { emails: [typed('ana@oakstreet.example')] });
    userId = (await admin.createUser({ organizationId, actor: actor(), user })).user?.id ?? '';
    folder = await mkdtemp(join(tmpdir(), 'languages-'));
    for (const name of ['examples', 'proto/buf.yaml', 'proto/userstore', 'proto/google']) {
      await cp(join(ROOT, name), join(folder, name), { recursive: true });
    }
    // Beside one another, since most of their time goes into compilers that wait for each other's files.
    for (const { heading, tool } of LANGUAGES) {
      if (await isHere(tool)) programs.set(heading, start(await blockBelow(heading)));
    }
    changes = setInterval(() => void change(), 300);
  });
  after(async () => {
    clearInterval(changes);
    for (const { stop } of programs.values()) stop();
    admin?.close();
    await userstore?.stop();
    if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  });

  const env = () => ({
    ...process.env,
    PATH: [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    // Maven runs for seconds: it needs no optimized code.
    MAVEN_OPTS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    USERSTORE_ADDRESS: address,
    USERSTORE_TOKEN: SERVICE_TOKENS.reader,
    ORGANIZATION_ID: organizationId,
  });

  /** Starts commands of the guide in a process group. */
  function start(commands: string): Program {
    const child = spawn('bash', ['-e', '-c', commands], { cwd: folder, env: env(), detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    const program: Program = {
      output: () => output,
      ended: new Promise((resolve) => child.once('close', resolve)),
      isRunning: () => child.exitCode === null,
      stop: () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      },
    };
    return program;
  }

  /** Changes the user while a program watches. */
  async function change(): Promise<void> {
    if (![...programs.values()].some(({ isRunning, output }) => isRunning() && output().includes('found '))) return;
    const user = userNamed('', { title: `Title ${Date.now()}` });
    await admin.updateUser({ organizationId, userId, actor: actor(), user, updateMask: ['title'] });
  }

  for (const { heading, tool } of LANGUAGES) {
    it(`generates a client in ${heading.slice(4)}, finds a user and sees an event`, async function () {
      const program = programs.get(heading);
      if (!program) return skip(this, `there is no ${tool[0]} here`);
      const code = await program.ended;
      const output = program.output();
      if (code !== 0 && UNREACHABLE.test(output)) return skip(this, `its packages cannot be fetched here: ${output}`);
      expect(code, output).to.equal(0);
      const lines = output.split('\n').filter((line) => /^(found|event) /.test(line));
      expect(lines, output).to.have.length(2);
      expect(lines[0]).to.equal('found ana@oakstreet.example');
      expect(lines[1]).to.match(new RegExp(`^event urn:ietf:params:scim:event:prov:\\S+ ${userId}$`));
    });
  }

  it('asks with grpcurl', async function () {
    if (!(await isHere(['grpcurl', '--version']))) return skip(this, 'there is no grpcurl here');
    const output = await outputOf(await blockBelow('## Tools'));
    expect(output).to.include('userstore.v1.UserService\n').and.include('"userName": "ana@oakstreet.example"');
    expect(output).to.include('"status": "SERVING"');
  });

  it('asks with buf', async () => {
    expect(await outputOf(await blockBelow('## Tools', 1))).to.include('"displayName": "Oak Street"');
  });

  const outputOf = async (commands: string) => {
    const { output, ended } = start(commands);
    expect(await ended, output()).to.equal(0);
    return output();
  };

  /** Returns the commands that stand below a heading of the guide, for the userstore of this test. */
  async function blockBelow(heading: string, index = 0): Promise<string> {
    const guide = await readFile(join(ROOT, 'docs/services.md'), 'utf8');
    const section = guide.slice(guide.indexOf(`\n${heading}\n`) + heading.length);
    const block = [...section.matchAll(/```sh\n(.*?)```/gs)][index]?.[1] ?? '';
    expect(block, heading).not.to.equal('');
    return block.replaceAll('localhost:50051', address);
  }
});

/** Commands that run. */
interface Program {
  output: () => string;
  ended: Promise<number | null>;
  isRunning: () => boolean;
  /** Ends them and all that they started. */
  stop: () => void;
}

const isHere = ([file, ...args]: readonly [string, ...string[]]) =>
  run(file, args).then(
    () => true,
    () => false,
  );

/** Skips a test, and says why. */
function skip(context: Mocha.Context, reason: string): void {
  console.log(`      skipped: ${reason.slice(-500)}`);
  context.skip();
}
