/** Two edges and two userstores on one database are one service: in races, for tokens, limits and activities. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { startStream } from '../../crash/stream.js';
import { testMongodbUri } from '../../harness/mongod.js';
import { createTenant, needsOwnPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS, type Service, startEdge, startUserstore } from '../../harness/processes.js';
import {
  type Answer,
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  type Scim,
  scimClient,
  uniqueName,
} from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

/** Within which a token that is revoked is refused everywhere. */
const REVOCATION_MS = 3000;
const LIMIT = { perSecond: 10, burst: 20 };
/** Connections are old after a second, so that a test sees many of them end. */
const ENV = { MAX_CONNECTION_AGE_SECONDS: '1', STORE_DEADLINE_MS: '2000' };

describe('two edges and two userstores on one database', function () {
  this.timeout(60_000);
  let userstores: { address: string; userstore: Service }[];
  let edges: { origin: string; edge: Service }[];
  let tenant: Tenant;
  let clients: Scim[];
  before(async function () {
    needsOwnPair(this);
    const uri = testMongodbUri(`several-${process.pid}`);
    userstores = [await startUserstore(uri, ENV), await startUserstore(uri, ENV)];
    const addresses = userstores.map(({ address }) => address.replace('127.0.0.1', 'localhost')).join(',');
    edges = [await startEdge(addresses, ENV), await startEdge(addresses, ENV)];
  });
  beforeEach(async () => {
    const [first] = [edges[0] as (typeof edges)[number]];
    tenant = await createTenant({ origin: first.origin, address: userstores[0]?.address ?? '' });
    clients = edges.map(({ origin }) =>
      scimClient(`${origin}/${tenant.organizationId}/scim/v2`, `apikey ${tenant.secret}`),
    );
  });
  after(async () => {
    for (const { edge } of edges ?? []) await edge.stop();
    for (const { userstore } of userstores ?? []) await userstore.stop();
  });
  const client = (index: number) => clients[index % clients.length] as Scim;
  /** Returns `count` answers, requested at once from both edges in turn. */
  const times = (count: number, ask: (scim: Scim, index: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, index) => ask(client(index), index)));
  const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort((a, b) => a - b);
  const withAdmin = async <T>(work: (admin: ReturnType<typeof connect>) => Promise<T>, index = 0): Promise<T> => {
    const admin = connect(userstores[index]?.address ?? '', SERVICE_TOKENS.admin);
    try {
      return await work(admin);
    } finally {
      admin.close();
    }
  };

  it('both userstores answer the calls of both edges', async () => {
    const answered = () => userstores.map(({ userstore }) => userstore.log().split('UserService/ListUsers').length);
    const before = answered();
    await times(40, (scim) => scim('GET', '/Users?count=1'));
    await eventually('both have logged their part', async () =>
      answered().every((count, index) => count - (before[index] ?? 0) >= 10),
    );
  });

  it('an edge finds userstores by a DNS name, and by those addresses of a list that there are', async () => {
    const [first, second] = userstores.map(({ address }) => address.replace('127.0.0.1', 'localhost'));
    for (const addresses of [`dns:///${first}`, `no-such-host.invalid:1,${second}`]) {
      const { origin, stop } = await startEdge(addresses, ENV);
      try {
        const { organizationId, secret } = tenant;
        const scim = scimClient(`${origin}/${organizationId}/scim/v2`, `apikey ${secret}`);
        expect((await scim('GET', '/Users?count=1')).status, addresses).to.equal(200);
        expect((await fetch(`${origin}/health/ready`)).status, addresses).to.equal(200);
      } finally {
        await stop();
      }
    }
  });

  it('of 20 creations of one name at once, 10 at each edge, one succeeds and 19 are 409', async () => {
    for (let round = 0; round < 5; round++) {
      const name = uniqueName();
      const answers = await times(20, (scim) => scim('POST', '/Users', oktaUser(name)));
      expect(statuses(answers)).to.deep.equal([201, ...Array.from({ length: 19 }, () => 409)]);
    }
  });

  it('of 20 values added to one user at once, 10 at each edge, none is lost', async () => {
    const { id } = await createUser(tenant.scim);
    const values = Array.from({ length: 20 }, (_, index) => `role ${index}`);
    const answers = await times(20, (scim, index) =>
      scim('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: 'roles', value: [{ value: values[index] }] })),
    );
    expect(statuses(answers)).to.deep.equal(values.map(() => 200));
    for (const scim of clients) {
      const { roles } = await getUser(scim, id);
      expect(roles.map(({ value }: { value: string }) => value)).to.have.members(values);
    }
  });

  it('what one edge has acknowledged the other shows at once', async () => {
    for (let round = 0; round < 20; round++) {
      const { id } = await createUser(client(round));
      expect((await client(round + 1)('GET', `/Users/${id}`)).status).to.equal(200);
      const patch = patchBody({ op: 'replace', value: { active: false } });
      expect((await client(round + 1)('PATCH', `/Users/${id}`, patch)).status).to.equal(200);
      expect((await getUser(client(round), id)).active).to.equal(false);
    }
  });

  it('a token that is revoked is refused by both edges within 3 seconds, and never taken again', async () => {
    const ask = () => Promise.all(clients.map(async (scim) => (await scim('GET', '/Users?count=1')).status));
    expect(await ask()).to.deep.equal([200, 200]);
    const { organizationId, apiTokenId } = tenant;
    await withAdmin((admin) => admin.revokeToken(organizationId, apiTokenId));
    const revoked = performance.now();
    const refused = [Number.NaN, Number.NaN];
    while (performance.now() - revoked < REVOCATION_MS + 2000) {
      const asked = performance.now() - revoked;
      for (const [index, status] of (await ask()).entries()) {
        if (status === 401) refused[index] = Math.min(refused[index] || Infinity, asked);
        else expect(refused[index], 'a token that was refused is taken again').to.be.NaN;
      }
      await sleep(50);
    }
    for (const ms of refused) expect(ms).to.be.below(REVOCATION_MS + 300);
  });

  it('an organization that is suspended is refused by both edges within 3 seconds', async () => {
    await times(2, (scim) => scim('GET', '/Users?count=1'));
    await withAdmin((admin) => admin.updateOrganization(tenant.organizationId, () => ({ suspended: true })), 1);
    await sleep(REVOCATION_MS);
    expect(statuses(await times(4, (scim) => scim('GET', '/Users?count=1')))).to.deep.equal([403, 403, 403, 403]);
  });

  it("both edges together let no more through than the organization's limit", async () => {
    await withAdmin((admin) => admin.updateOrganization(tenant.organizationId, () => ({ rateLimit: LIMIT })));
    await sleep(REVOCATION_MS);
    const start = performance.now();
    let passed = 0;
    while (performance.now() - start < 4000) {
      const answers = await times(40, (scim) => scim('GET', '/Users?count=1'));
      passed += answers.filter(({ status }) => status === 200).length;
      for (const answer of answers) if (answer.status !== 200) expectError(answer, 429);
      await sleep(50);
    }
    const seconds = (performance.now() - start) / 1000;
    const most = LIMIT.burst + LIMIT.perSecond * seconds;
    // What both edges still hold of a batch comes on top.
    expect(passed).to.be.within(LIMIT.burst + LIMIT.perSecond, most + 10);
  });

  it('requests to either edge are among the activities of either userstore', async () => {
    const answers = await times(6, (scim) => scim('GET', '/Users?count=1'));
    const ids = answers.map(({ headers }) => headers.get('x-request-id') ?? '');
    const { organizationId } = tenant;
    for (const index of [0, 1]) {
      const found = () =>
        withAdmin(async (admin) => {
          const { activities } = await admin.listActivities({ organizationId, since: undefined, until: undefined });
          return activities.map(({ id }) => id);
        }, index);
      await eventually('the activities', async () => {
        const there = await found();
        return ids.every((id) => there.includes(id));
      });
    }
  });

  describe('during a stream of changes,', () => {
    it('connections that end of age cost no request', async () => {
      const stream = startStream(client(0));
      await sleep(5000);
      const { acknowledged, refused } = await stream.endAndCheck();
      expect(acknowledged).to.be.above(100);
      expect(refused).to.equal(0);
    });

    it('userstores are restarted one after the other, and not one request fails', async () => {
      const stream = startStream(client(1));
      for (const { userstore } of userstores) {
        await stream.acknowledges(60);
        expect(await userstore.stop('SIGTERM')).to.equal(0);
        await stream.acknowledges(60);
        await userstore.start();
        await sleep(1500);
      }
      const { acknowledged, refused } = await stream.endAndCheck();
      expect(acknowledged).to.be.above(240);
      expect(refused).to.equal(0);
    });

    it('a userstore killed with kill -9 costs only changes that it was at; reads are answered all the time', async () => {
      const reads: number[] = [];
      let isOver = false;
      const reading = (async () => {
        while (!isOver) reads.push((await client(0)('GET', '/Users?count=1')).status);
      })();
      const stream = startStream(client(1));
      await stream.acknowledges(60);
      await userstores[0]?.userstore.stop('SIGKILL');
      await stream.acknowledges(60);
      await userstores[0]?.userstore.start();
      await stream.acknowledges(60);
      const { refused } = await stream.endAndCheck();
      isOver = true;
      await reading;
      expect(refused).to.be.at.most(12);
      expect(reads.filter((status) => status !== 200)).to.deep.equal([]);
    });

    it('a userstore that hangs costs the time of a deadline; after 15 seconds no call goes there', async () => {
      const hanging = userstores[1]?.userstore as Service;
      hanging.signal('SIGSTOP');
      try {
        await sleep(17_000);
        const answers = await times(40, (scim) => scim('GET', '/Users?count=1'));
        expect(statuses(answers)).to.deep.equal(answers.map(() => 200));
        expect(statuses(await times(10, (scim) => scim('POST', '/Users', oktaUser(uniqueName()))))).to.deep.equal(
          Array.from({ length: 10 }, () => 201),
        );
      } finally {
        hanging.signal('SIGCONT');
      }
      const used = () => hanging.log().split('UserService/ListUsers').length;
      const before = used();
      await eventually('it has calls again', async () => {
        await times(4, (scim) => scim('GET', '/Users?count=1'));
        return used() > before;
      });
    });
  });
});
