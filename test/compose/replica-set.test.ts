/** The stack over the replica set of docker-compose.replica-set.yml: its primary is lost, in two ways. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../harness/userstore.js';
import { storm } from './faults.js';
import { type Stack, startStack } from './stack.js';

const MEMBERS = ['mongo', 'mongo-2', 'mongo-3'] as const;
type Member = (typeof MEMBERS)[number];

describe('the stack over docker-compose.replica-set.yml', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack('docker-compose.yml', 'docker-compose.replica-set.yml');
  });
  after(() => stack?.down());

  /** The primary, as this member sees it. Takes the member a second's work, and so is not asked all the time. */
  const primaryBy = async (member: Member): Promise<Member | undefined> => {
    await sleep(2000);
    const seen = await stack.exec(member, 'mongosh', '--quiet', '--eval', 'db.hello().primary').catch(() => '');
    return MEMBERS.find((name) => seen.trim() === `${name}:27017`);
  };
  /** The primary, and another member. */
  const roles = async () => {
    let primary: Member | undefined;
    const isAgreed = async () => {
      primary = await primaryBy('mongo');
      return primary !== undefined && primary === (await primaryBy('mongo-2'));
    };
    await eventually('members agree about the primary', isAgreed, 60_000);
    const witness = MEMBERS.find((name) => name !== primary);
    if (!primary || !witness) throw new Error('there is no primary');
    return { primary, witness };
  };

  it('loses nothing acknowledged when the primary is killed in a write storm', async () => {
    const { primary } = await roles();
    await storm(stack, { happen: () => stack.kill(primary) });
  });

  it('loses no acknowledged change when a partition separates the primary from the others but not from userstore', async () => {
    const { primary, witness } = await roles();
    const isReplaced = async () => {
      const seen = await primaryBy(witness);
      return seen !== undefined && seen !== primary;
    };
    const byway = await stack.addNetwork('byway');
    try {
      for (const service of [primary, 'userstore'] as const) await byway.add(service);
      await storm(stack, {
        async happen({ acknowledges }) {
          const putBack = await stack.cutOff(primary, 'database');
          const connect = `net.connect(27017, '${primary}').on('connect', () => process.exit())`;
          await stack.exec('userstore', 'node', '-e', connect);
          await eventually('the other two elect one of them', isReplaced, 60_000);
          await acknowledges(60);
          await putBack();
        },
      });
    } finally {
      await byway.remove();
    }
  });
});
