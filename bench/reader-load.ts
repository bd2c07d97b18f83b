/**
 * The process of a service that reads all it can: on a message it keeps a number of calls of each kind in flight for a
 * round, the next one at once after each answer, and reports how many were answered. It runs at a low priority, as if on
 * another machine: what it costs the edge is then the work of userstore and MongoDB, not its own.
 */
import { getPriority, setPriority } from 'node:os';
import { connect } from '../client/connect.js';
import { UserstoreError } from '../client/errors.js';
import { TOKENS } from './chains.js';

/** A round of load. */
export interface ReaderRound {
  address: string;
  organizationId: string;
  users: { id: string; userName: string }[];
  calls: number;
  seconds: number;
}

/** The number of answers by call, and of refusals by gRPC code. */
export type ReaderOutcome = Record<string, number>;

/** How much nicer than the services it is. */
const NICER = 10;
const EVENTS_OF_STREAM = 1000;

setPriority(Math.min(19, getPriority() + NICER));
process.on('message', (round: ReaderRound) => void run(round).then((outcome) => process.send?.(outcome)));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function run({ address, organizationId, users, calls, seconds }: ReaderRound): Promise<ReaderOutcome> {
  const userstore = connect({ address, token: TOKENS.reader });
  const outcome: ReaderOutcome = {};
  const end = performance.now() + seconds * 1000;
  const { signal, ...stopping } = stopAt(end);
  const note = (name: string) => {
    outcome[name] = (outcome[name] ?? 0) + 1;
  };
  const kinds: Record<string, (number: number) => Promise<unknown>> = {
    ListUsers: (number) => first(userstore.users.list({ organizationId, pageSize: 200, skip: (number % 20) * 200 })),
    ListEvents: () => userstore.events.list({ pageSize: 1000 }),
    BatchGetUsers: () => userstore.users.batchGet({ organizationId, userIds: users.map(({ id }) => id) }),
    GetUser: (number) => userstore.users.get({ organizationId, userId: users[number % users.length]?.id ?? '' }),
    FindUser: (number) =>
      userstore.users.find({
        organizationId,
        by: { $case: 'email', value: users[number % users.length]?.userName ?? '' },
      }),
    WatchEvents: async () => {
      let events = 0;
      const startTime = new Date(0);
      for await (const _ of userstore.watch({ organizationId, startTime, signal }))
        if (++events === EVENTS_OF_STREAM) break;
    },
  };
  const names = Object.keys(kinds);
  const drive = async (index: number) => {
    const name = names[index % names.length] as string;
    for (let number = index; performance.now() < end; number++) {
      try {
        await kinds[name]?.(number);
        note(name);
      } catch (error) {
        if (!(error instanceof UserstoreError)) throw error;
        if (!signal.aborted) note(error.code);
      }
    }
  };
  await Promise.all(Array.from({ length: calls }, (_, index) => drive(index)));
  stopping.clear();
  userstore.close();
  return outcome;
}

async function first<T>(pages: AsyncIterable<T>): Promise<T | undefined> {
  for await (const page of pages) return page;
  return undefined;
}

function stopAt(end: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), end - performance.now());
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
