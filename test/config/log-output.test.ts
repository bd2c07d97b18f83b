/** The output of a service's log, read and not read, until the process ends. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { eventually } from '../harness/userstore.js';

const LOG = new URL('../../config/log.js', import.meta.url).href;
/** Lines at the beginning: more than a pipe takes. */
const FIRST = 5000;
/** Lines at the end. */
const LAST = 20;

describe('the log of a service', function () {
  this.timeout(60_000);
  let logger: ChildProcessWithoutNullStreams;

  afterEach(() => void logger.kill('SIGKILL'));

  /** Starts a process that logs the first lines at once, and the last ones when its stdin ends; then it exits at once. */
  async function start(first: number): Promise<void> {
    const code = `import { createLog } from ${JSON.stringify(LOG)};
const log = await createLog('edge', { logLevel: 'info', logFormat: 'json' }, false);
for (let count = 0; count < ${first}; count++) log.info({ count }, 'é');
process.stdin.on('end', () => {
  for (let count = ${first}; count < ${first + LAST}; count++) log.info({ count }, 'é');
  process.exit();
}).resume();
process.stderr.write('ready');`;
    logger = spawn(process.execPath, ['--input-type=module', '-e', code]);
    await once(logger.stderr, 'data');
  }

  it('has every line in its order, also the last ones of a process that exits at once', async () => {
    await start(FIRST);
    let output = '';
    logger.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    await eventually('the first lines are read', async () => output.includes(`"count":${FIRST - 1},`));
    const ended = once(logger.stdout, 'end');
    logger.stdin.end();
    await ended;
    const counts = output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { count: number }).count);
    expect(counts).to.deep.equal(Array.from({ length: FIRST + LAST }, (_, count) => count));
  });

  for (const first of [0, FIRST]) {
    it(`lets a process end whose reader has gone after ${first} lines`, async () => {
      await start(first);
      const ended = once(logger, 'exit');
      logger.stdout.destroy();
      logger.stdin.end();
      expect(await ended).to.deep.equal([0, null]);
    });
  }
});
