/** The health checks of the images: their exit status for a pair that serves, and for one that does not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { certificatesOfTests, tlsVariables } from '../harness/certificates.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Pair, startPair } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';

/** The exit status of a service's health check beside this pair. */
async function check(service: 'edge' | 'userstore', pair: Pair, env: Record<string, string>): Promise<number> {
  const script = fileURLToPath(new URL(`../../${service}/health-check.js`, import.meta.url));
  const [, USERSTORE_PORT = ''] = pair.address.split(':');
  const own = { PATH: process.env.PATH ?? '', PORT: new URL(pair.origin).port, USERSTORE_PORT, ...env };
  const child = spawn(process.execPath, [script], { env: own, stdio: ['ignore', 'ignore', 'pipe'] });
  const said = child.stderr.toArray();
  const [code] = await once(child, 'exit');
  // A healthy one has nothing to say.
  if (code === 0) expect(Buffer.concat(await said).toString()).to.equal('');
  return code as number;
}

describe('the health checks of the images', function () {
  this.timeout(60_000);

  async function expectChecks(name: string, env: Record<string, string>): Promise<void> {
    const pair = await startPair(testMongodbUri(`health-check-${name}-${process.pid}`), env);
    try {
      for (const service of ['userstore', 'edge'] as const) {
        await eventually(`${service} is healthy`, async () => (await check(service, pair, env)) === 0);
      }
      await pair.userstore.stop();
      expect(await check('userstore', pair, env), 'userstore, stopped').to.equal(1);
      // The edge notices within moments that its connection has closed.
      await eventually('edge without userstore is not', async () => (await check('edge', pair, env)) === 1);
    } finally {
      await pair.stop();
    }
  }

  it('say that a service serves, and that it does not', () => expectChecks('plain', {}));

  it('say so where the edge speaks HTTPS and clients of userstore need a certificate', async () => {
    const folder = await certificatesOfTests();
    try {
      await expectChecks('tls', tlsVariables(folder));
    } finally {
      await folder.remove();
    }
  });
});
