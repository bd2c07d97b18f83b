/** Calls with a request id have one effect each, however often userstore or its mongod is killed while they are repeated. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Mongod, startMongod } from '../../bin/mongod.js';
import { AbortedError, UserstoreError } from '../../client/errors.js';
import { addMembers, groupNamed, removeMembers } from '../harness/groups.js';
import { startOwnMongod } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const WORKERS = 6;
const GROUP_WORKERS = 3;
/** A repeated change of members waits until the call that died would have ended. */
const GROUP_CALL_MS = 3000;

describe('calls that are repeated with their request id through kill -9', function () {
  this.timeout(120_000);
  let mongod: Mongod;
  let dbPath: string;
  let binary: string;
  let pair: Pair;
  let client: UserstoreClient;
  let groupClient: UserstoreClient;
  let organizationId: string;
  let repeats = 0;
  before(async () => {
    ({ mongod, dbPath, binary } = await startOwnMongod());
    pair = await startPair(`${mongod.uri}/repeats`);
    client = userstoreClient(pair.address, SERVICE_TOKENS.admin, 5000);
    groupClient = userstoreClient(pair.address, SERVICE_TOKENS.admin, GROUP_CALL_MS);
    organizationId = (await createTenant(pair)).organizationId;
  });
  after(async () => {
    client?.close();
    groupClient?.close();
    await pair?.stop();
    await mongod?.stop();
    await rm(dbPath, { recursive: true, force: true });
  });

  /** Repeats a call until it succeeds. */
  async function insist<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof UserstoreError && (error.isUnavailable || error instanceof AbortedError))) throw error;
        repeats++;
        await sleep(50);
      }
    }
  }

  /** Creates a user and changes their title until told to end. Returns the user and the number of changes. */
  async function work(name: string, isOver: () => boolean): Promise<{ userId: string; steps: number }> {
    const requestId = randomUUID();
    const create = () =>
      insist(() => client.createUser({ organizationId, actor: actor(), user: userNamed(name), requestId }));
    const [{ user }, twin] = await Promise.all([create(), create()]);
    const userId = user?.id ?? '';
    expect(twin.user?.id).to.equal(userId);
    const update = (title: string, id: string) =>
      insist(() =>
        client.updateUser({
          ...{ organizationId, actor: actor(), userId, requestId: id },
          ...{ user: userNamed(name, { title }), updateMask: ['title'] },
        }),
      );
    let earlier: (() => Promise<unknown>) | undefined;
    let steps = 0;
    while (!isOver()) {
      const [title, id] = [`title ${++steps}`, randomUUID()];
      expect((await update(title, id)).user?.title).to.equal(title);
      // The duplicate of an earlier call that arrives late must not undo this one.
      await earlier?.();
      expect((await create()).user).to.include({ id: userId, title });
      earlier = () => update(title, id);
    }
    return { userId, steps };
  }

  /**
   * Creates a group with a member, then removes and adds them in turn until told to end. Returns the group and whether
   * they are a member.
   */
  async function workOnGroup(name: string, userId: string, isOver: () => boolean) {
    const requestId = randomUUID();
    const common = () => ({ organizationId, actor: actor() });
    const create = () =>
      insist(() => groupClient.createGroup({ ...common(), group: groupNamed(name), memberIds: [userId], requestId }));
    const groupId = (await create()).group?.id ?? '';
    let earlier: (() => Promise<unknown>) | undefined;
    let [steps, isMember] = [0, true];
    while (!isOver()) {
      isMember = !isMember;
      const operations = [isMember ? addMembers(userId) : removeMembers(userId)];
      const change = { groupId, operations, requestId: randomUUID() };
      const repeat = () => insist(() => groupClient.patchGroup({ ...common(), ...change }));
      await repeat();
      // The duplicate of an earlier call that arrives late must not undo this one.
      await earlier?.();
      expect((await create()).group?.id).to.equal(groupId);
      expect((await insist(() => client.checkMembership({ organizationId, groupId, userId }))).isMember).to.equal(
        isMember,
      );
      earlier = repeat;
      steps++;
    }
    return { groupId, userId, steps, isMember };
  }

  it('have one effect each, and every caller gets the answer', async () => {
    let isOver = false;
    const workers = Array.from({ length: WORKERS }, (_, index) => work(`worker ${index}`, () => isOver));
    const ids = await Promise.all(
      Array.from({ length: GROUP_WORKERS }, async (_, index) => {
        const user = userNamed(`member ${index}`);
        const request = { organizationId, actor: actor(), user, requestId: randomUUID() };
        return (await insist(() => client.createUser(request))).user?.id ?? '';
      }),
    );
    const onGroups = ids.map((id, index) => workOnGroup(`group ${index}`, id, () => isOver));
    const done = Promise.all([...workers, ...onGroups]);
    for (let kills = 0; kills < 4; kills++) {
      await Promise.race([sleep(1500), done]);
      await pair.userstore.stop('SIGKILL');
      await pair.userstore.start();
    }
    await Promise.race([sleep(1000), done]);
    process.kill(mongod.pid ?? 0, 'SIGKILL');
    await mongod.exited;
    mongod = await startMongod({ binary, dbPath, port: mongod.port });
    await Promise.race([sleep(3000), done]);
    isOver = true;
    await done;
    expect(repeats).to.be.greaterThan(WORKERS);
    for (const { userId, steps } of await Promise.all(workers)) {
      expect(steps).to.be.greaterThan(5);
      const { user } = await client.getUser({ organizationId, userId });
      expect(user).to.include({ title: `title ${steps}`, etag: `W/"${steps + 1}"` });
    }
    expect((await client.listUsers({ organizationId, skip: 0 })).totalSize).to.equal(WORKERS + GROUP_WORKERS);
    for (const { groupId, userId, steps, isMember } of await Promise.all(onGroups)) {
      expect(steps).to.be.greaterThan(1);
      expect(await client.checkMembership({ organizationId, groupId, userId })).to.include({ isMember });
    }
    expect((await client.listGroups({ organizationId, skip: 0 })).totalSize).to.equal(GROUP_WORKERS);
  });
});
