/** An edge with several workers: they share its port, one that dies is replaced, and all end without a lost request. */
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Service, startEdge, startService, startUserstore } from '../harness/processes.js';
import { eventually } from '../harness/userstore.js';

/** Starts of processes take long on a busy machine. */
const SLOW_MS = 90_000;

describe('an edge with two workers', function () {
  this.timeout(180_000);
  let address: string;
  let userstore: Service;

  before(async () => {
    ({ address, userstore } = await startUserstore(testMongodbUri(`workers-${process.pid}`)));
  });
  after(async () => void (await userstore.stop()));

  it('serves while a killed worker is replaced, and shows the metrics of all workers as one', async () => {
    const metricsPort = String(await freePort());
    const { origin, edge } = await startEdge(address, { WORKERS: '2', METRICS_PORT: metricsPort });
    try {
      const { baseUrl, secret } = await createTenant({ origin, address });
      const get = async () => {
        const headers = { Authorization: `apikey ${secret}`, Connection: 'close' };
        return (await fetch(`${baseUrl}/Users?count=1`, { headers })).status;
      };
      const statuses = await Promise.all(Array.from({ length: 40 }, get));
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
      await eventually('the metrics have all requests', async () => (await requestsOf(metricsPort)) >= 40, SLOW_MS);

      const [first = 0, second = 0] = childrenOf(edge);
      expect(first * second).to.be.above(0);
      process.kill(first, 'SIGKILL');
      expect(await get()).to.equal(200);
      await eventually(
        'another worker has taken its place',
        async () => {
          const now = childrenOf(edge);
          return now.length === 2 && !now.includes(first) && now.includes(second);
        },
        SLOW_MS,
      );
      expect(await get()).to.equal(200);
    } finally {
      await edge.stop();
    }
  });

  it('answers every request of a busy client until it has stopped, and exits with 0', async () => {
    const { origin, edge } = await startEdge(address, { WORKERS: '2' });
    const tenant = await createTenant({ origin, address });
    const outcomes: string[] = [];
    let isOver = false;
    const client = async () => {
      while (!isOver) {
        const headers = { Authorization: `apikey ${tenant.secret}` };
        // A refused connection is no lost request: the client knows that nothing was done.
        const outcome = await fetch(`${tenant.baseUrl}/Users?count=1`, { headers }).then(
          ({ status }) => String(status),
          (error: Error) => String((error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.message),
        );
        outcomes.push(outcome);
        if (outcome === 'ECONNREFUSED') return;
      }
    };
    const clients = [client(), client(), client(), client()];
    await eventually('the clients have answers', async () => outcomes.length > 50, SLOW_MS);
    expect(await edge.stop()).to.equal(0);
    isOver = true;
    await Promise.all(clients);
    expect(new Set(outcomes.filter((outcome) => outcome !== 'ECONNREFUSED'))).to.deep.equal(new Set(['200']));
    expect(childrenOf(edge)).to.deep.equal([]);
  });

  it('ends with one clear line if its workers keep dying', async () => {
    const { edge } = await startEdge(address, { WORKERS: '2' });
    const pid = edge.pid() ?? 0;
    await eventually(
      'the edge has ended',
      async () => {
        for (const child of childrenOf(edge)) kill(child);
        return !isAlive(pid);
      },
      SLOW_MS,
    );
    expect(edge.log()).to.match(/^edge: workers keep dying, the last one by SIGKILL$/m);
  });

  it('does not start if a worker cannot listen, and says why', async () => {
    const { origin, stop } = await startEdge(address);
    try {
      const env = {
        PORT: new URL(origin).port,
        USERSTORE_ADDRESS: address,
        USERSTORE_TOKEN: 'x'.repeat(20),
        WORKERS: '2',
      };
      const failure = await startService('edge', env).then(
        () => '',
        (error: Error) => error.message,
      );
      expect(failure).to.contain('EADDRINUSE').and.to.contain('a worker ended before it served');
    } finally {
      await stop();
    }
  });
});

/** Returns the processes that a service has started. */
function childrenOf(service: Service): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).split('\n');
  const processes = lines.map((line) => line.trim().split(/ +/));
  return processes.flatMap(([pid, parent, state]) =>
    Number(parent) === service.pid() && !state?.startsWith('Z') ? [Number(pid)] : [],
  );
}

async function requestsOf(metricsPort: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const counts = text.matchAll(/^http_request_duration_seconds_count\{.*service="edge".*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
