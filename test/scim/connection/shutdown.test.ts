/** The end of an edge: every request that reaches it is answered, and it does not wait for clients that send none. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { testMongodbUri } from '../../harness/mongod.js';
import { createTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { type Pair, startPair } from '../../harness/processes.js';
import { oktaUser, uniqueName } from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

const CLIENTS = 12;

describe('an edge that is told to end', function () {
  this.timeout(30_000);
  let pair: Pair;
  let tenant: Tenant;
  before(async function () {
    needsOwnPair(this);
    pair = await startPair(testMongodbUri(`shutdown-${process.pid}`));
    tenant = await createTenant(pair);
  });
  afterEach(async () => {
    pair?.userstore.signal('SIGCONT');
    await pair?.edge.stop();
    await pair?.edge.start();
  });
  after(async () => await pair?.stop());

  async function send(method: string, agent: Agent): Promise<IncomingMessage> {
    const headers = { authorization: `apikey ${tenant.secret}`, 'content-type': 'application/scim+json' };
    const sent = request(`${tenant.baseUrl}/Users?count=1`, { method, headers, agent });
    sent.end(method === 'POST' ? JSON.stringify(oktaUser(uniqueName())) : undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    return response;
  }
  const oneConnection = () => new Agent({ keepAlive: true, maxSockets: 1 });

  it('resets no connection of a busy client: every request is answered, the last one with Connection: close', async () => {
    /** Sends until the edge closes the connection, and notes the Connection header of each answer; returns both. */
    const goOn = async (said: (string | undefined)[], index: number) => {
      const agent = oneConnection();
      for (;;) {
        try {
          said.push((await send(index % 2 ? 'GET' : 'POST', agent)).headers.connection);
        } catch (error) {
          return { code: (error as NodeJS.ErrnoException).code, said };
        }
        // Some clients continue at once, some after a pause.
        await sleep(index * 25);
      }
    };
    const saidToAll = Array.from({ length: CLIENTS }, (): (string | undefined)[] => []);
    const clients = Promise.all(saidToAll.map(goOn));
    await eventually('every client has an answer', async () => saidToAll.every((said) => said.length > 0));
    expect(await pair.edge.stop()).to.equal(0);
    for (const { code, said } of await clients) {
      expect(code).to.equal('ECONNREFUSED');
      expect(said.length).to.be.above(1);
      expect(said.at(-1)).to.equal('close');
      expect(said.slice(0, -1)).not.to.include('close');
    }
  });

  it('answers requests in flight with Connection: close', async () => {
    const agent = oneConnection();
    await send('GET', agent);
    pair.userstore.signal('SIGSTOP');
    const answer = send('GET', agent);
    await sleep(200);
    const ended = pair.edge.stop();
    await sleep(1500);
    pair.userstore.signal('SIGCONT');
    const { statusCode, headers } = await answer;
    expect([statusCode, headers.connection]).to.deep.equal([200, 'close']);
    expect(await ended).to.equal(0);
  });

  it('does not wait for connections over which nothing comes', async () => {
    const agent = oneConnection();
    await send('GET', agent);
    const silent = connect(Number(new URL(pair.origin).port), '127.0.0.1').on('error', () => undefined);
    await once(silent, 'connect');
    silent.resume();
    const start = performance.now();
    expect(await pair.edge.stop()).to.equal(0);
    expect(performance.now() - start).to.be.below(5000);
    agent.destroy();
  });
});
