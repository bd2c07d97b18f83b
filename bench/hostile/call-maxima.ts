/** The maxima of docs/limits.md for calls to userstore: each load makes the same call several times at once. */
import { v7 as uuidv7 } from 'uuid';
import { createCalls } from '../../client/calls.js';
import { CONTRACT } from '../../client/contract.js';
import type { UserstoreError } from '../../client/errors.js';
import { openTransport } from '../../client/transport.js';
import { Activity, ActivityBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { PatchOperation_Verb } from '../../proto/gen/userstore/v1/user_service.js';
import { TOKENS } from '../chains.js';
import { type Seed, seed } from './seed.js';
import { json, type Load, type Target, times } from './target.js';

const WIDTH = 8;
const CALL_MS = 20_000;
const GROUPS = 200;
const MEMBERS = 500;
const MAX_MEMBERS = 100_000;
/** Characters of a text, so that its field, and all fields of a message together, are nearly the largest. */
const LARGE_FIELD = 5.9 * 1024 * 1024;
const LARGE_MESSAGE = 9.9 * 1024 * 1024;

type Client = ReturnType<typeof clientOf>;

/** A client with the role admin. */
const clientOf = (address: string) => {
  const transport = openTransport({ address, token: TOKENS.admin, deadlineMs: CALL_MS });
  return { ...createCalls(CONTRACT, transport, ({ send }) => send()), close: transport.close };
};

/** The organization of a load. */
interface Stored {
  organizationId: string;
  userIds: string[];
  groupIds: string[];
}

/** A load of `width` equal calls. */
const calls = (
  name: string,
  title: string,
  wanted: Seed,
  make: (stored: Stored, target: Target) => (client: Client) => Promise<unknown>,
  width = WIDTH,
): Load => ({
  name,
  title: `gRPC: ${width} × ${title}`,
  async prepare(target) {
    const { organizationId } = await target.createTenant();
    const call = make({ organizationId, ...(await seed(target.mongodbUri, organizationId, wanted)) }, target);
    return async () => {
      const client = clientOf(target.address);
      const made = async () => {
        const code = await call(client).then(
          () => 'OK',
          (error: UserstoreError) => error.code,
        );
        target.count(code);
      };
      await Promise.all(times(width, made));
      client.close();
    };
  },
});

const few: Seed = { users: 10 };
const actor = () => ({ caller: 'bench', requestId: uuidv7() });
const presence = (field: string) => Filter.fromPartial({ expression: { $case: 'presence', value: { field } } });
const deep = (levels: number) =>
  times(levels, () => 0).reduce<Filter>(
    (filter) => ({ expression: { $case: 'negation', value: { filter } } }),
    presence('title'),
  );

/** The loads of calls, in the order in which they run. */
export const CALL_MAXIMA: Load[] = [
  calls(
    'calls',
    'ListUsers of 200, more calls than userstore takes',
    { users: 200 },
    ({ organizationId }) => {
      const request = {
        organizationId,
        filter: undefined,
        order: undefined,
        skip: 0,
        pageSize: 200,
        readMask: undefined,
      };
      return (client) => client.listUsers(request as never);
    },
    1500,
  ),
  calls(
    'message',
    'CreateUser with a field of nearly 6 MiB',
    few,
    ({ organizationId }) => {
      const user = User.fromPartial({ userName: 'large@bench.example', title: 'z'.repeat(LARGE_FIELD) });
      return (client) => client.createUser({ organizationId, actor: actor(), user } as never);
    },
    4,
  ),
  calls(
    'message',
    'PatchUser with a message of nearly 10 MiB: 1000 operations',
    few,
    ({ organizationId, userIds: [userId] }) => {
      const value = User.fromPartial({ title: 'z'.repeat(LARGE_MESSAGE / 1000) });
      const operations = times(1000, () => ({ verb: PatchOperation_Verb.VERB_REPLACE, field: 'title', value }));
      return (client) => client.patchUser({ organizationId, actor: actor(), userId, operations } as never);
    },
    4,
  ),
  calls('levels', 'a filter of 45 levels', few, ({ organizationId }) => {
    const request = { organizationId, filter: deep(45), order: undefined, skip: 0 };
    return (client) => client.listUsers(request as never);
  }),
  calls('batch', 'BatchGetUsers of 1000', { users: 1000 }, ({ organizationId, userIds }) => {
    return (client) => client.batchGetUsers({ organizationId, userIds } as never);
  }),
  calls(
    'memberships',
    'ListMemberships of 200 groups, pages of 2000',
    { users: MEMBERS, groups: GROUPS, members: MEMBERS },
    ({ organizationId, groupIds }) => {
      return (client) => client.listMemberships({ organizationId, groupIds, pageSize: 2000 } as never);
    },
  ),
  calls(
    'patch-group',
    'PatchGroup: 10,000 operations that name 100,000 users',
    { users: 10_000, groups: 1 },
    ({ organizationId, userIds, groupIds }) => {
      const operation = (index: number) => {
        const ids = times(MAX_MEMBERS / 10_000, (i) => userIds[(index * 10 + i) % userIds.length] ?? '');
        return { operation: { $case: 'addMembers', value: { userIds: ids } } };
      };
      const request = { organizationId, groupId: groupIds[0], operations: times(10_000, operation) };
      return (client) => client.patchGroup({ ...request, actor: actor() } as never);
    },
    2,
  ),
  calls(
    'activities',
    'RecordActivities of 500 with texts of 1000 characters',
    few,
    ({ organizationId }) => {
      const text = 'ж'.repeat(1000);
      const activities = times(500, () =>
        Activity.fromPartial({
          id: uuidv7(),
          organizationId,
          time: new Date(),
          method: 'GET',
          path: text,
          detail: text,
        }),
      );
      return (client) => client.recordActivities({ activities } as never);
    },
    4,
  ),
  calls(
    'bodies',
    'RecordActivityBodies of 100 with twice 15 KiB of text',
    few,
    ({ organizationId }) => {
      const text = json({ title: 'x'.repeat(15_000) }).toString();
      const time = new Date();
      const bodies = times(100, () =>
        ActivityBody.fromPartial({ organizationId, activityId: uuidv7(), time, request: { text }, response: { text } }),
      );
      return (client) => client.recordActivityBodies({ bodies } as never);
    },
    4,
  ),
  calls('activities', 'ListActivities of 1000', few, ({ organizationId }) => {
    return (client) => client.listActivities({ organizationId, pageSize: 1000 } as never);
  }),
  calls(
    'events',
    'ListEvents of 1000 of 50 types',
    few,
    ({ organizationId }) => {
      const types = times(50, (index) => `user.type${index}`);
      return (client) => client.listEvents({ organizationId, types, pageSize: 1000 } as never);
    },
    32,
  ),
  calls(
    'permits',
    'AcquirePermits of 1000',
    few,
    ({ organizationId }) => {
      return (client) => client.acquirePermits({ organizationId, count: 1000 } as never);
    },
    200,
  ),
  calls('sessions', 'RevokeUserSessions by a name of 2048 characters', few, ({ organizationId }) => {
    const request = { organizationId, actor: actor(), issuer: 'https://idp.example', userName: 'n'.repeat(2048) };
    return (client) => client.revokeUserSessions(request as never);
  }),
];
