/** One attempt to change a user, over a storage that the test plays. */
import { expect } from 'chai';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import type { User } from '../../../proto/gen/userstore/v1/user.js';
import {
  createUserRules,
  tryChangeUser,
  type UserChangeRequest,
  type UserContext,
} from '../../../userstore/domain/users.js';
import { NEW_ACCESS_STATE } from '../../../userstore/storage/documents.js';
import type { Listing } from '../../../userstore/storage/lists.js';
import type { FoundUser } from '../../../userstore/storage/user-reads.js';
import type { UserStorage } from '../../../userstore/storage/users.js';
import { add, typed, userNamed } from '../../harness/users.js';

const KEY = { organizationId: 'acme', userId: 'u1' };
const actor = { caller: 'test', requestId: 'r1' };
const link = { issuer: 'https://acme.okta.com', subject: 's1' };

const stored = (values: Partial<User> = {}): FoundUser => ({
  user: { ...userNamed('ana', { active: true, ...values }), id: 'u1', organizationId: 'acme', etag: 'W/"3"' },
  version: 3,
  accessState: { ...NEW_ACCESS_STATE, link },
  outbox: [],
});

/** A context that finds this user, with the calls that it gets; `wins` says whether its writes win. */
function contextWith(found: FoundUser, wins = true) {
  const replaced: Parameters<UserStorage['replace']>[] = [];
  const confirmed: User[] = [];
  const storage = {
    find: async () => found,
    async replace(...call: Parameters<UserStorage['replace']>) {
      replaced.push(call);
      return wins ? call[1] : undefined;
    },
    async confirm(user: User) {
      confirmed.push(user);
      return wins;
    },
  } as unknown as UserStorage;
  const context: Pick<UserContext, 'storage' | 'schemasOf'> = { storage, schemasOf: async () => [] };
  return { context, replaced, confirmed };
}

const request = (apply: (user: User) => User, etag?: string): UserChangeRequest => ({
  actor,
  etag,
  keepsOmitted: false,
  apply,
});

const titled = request((user) => ({ ...user, title: 'Engineer' }));

describe('tryChangeUser', () => {
  it('replaces the version that it read, with a record of the change', async () => {
    const { context, replaced } = contextWith(stored());
    expect(await tryChangeUser(context, KEY, titled, 1)).to.include({ title: 'Engineer' });
    expect(replaced).to.have.length(1);
    const [[found, after, change] = []] = replaced;
    expect(found?.version).to.equal(3);
    expect(after?.updateTime).to.be.instanceOf(Date);
    expect(change).to.deep.include({ userId: 'u1', version: 4, actor });
    expect(change?.attributes).to.deep.equal([{ name: 'title', before: undefined, after: '"Engineer"' }]);
  });

  it('returns undefined if a concurrent write wins', async () => {
    const { context } = contextWith(stored(), false);
    expect(await tryChangeUser(context, KEY, titled, 1)).to.equal(undefined);
  });

  it('only confirms a user that does not change', async () => {
    const { context, replaced, confirmed } = contextWith(stored());
    expect(
      await tryChangeUser(
        context,
        KEY,
        request((user) => ({ ...user })),
        1,
      ),
    ).to.include({ id: 'u1' });
    expect(replaced).to.deep.equal([]);
    expect(confirmed).to.have.length(1);
  });

  it('refuses another version than the one it read: ETAG_MISMATCH', async () => {
    const { context, replaced } = contextWith(stored());
    const error = await tryChangeUser(context, KEY, { ...titled, etag: 'W/"2"' }, 1).catch((thrown) => thrown);
    expect(error).to.include({ reason: ErrorReason.ERROR_REASON_ETAG_MISMATCH });
    expect(replaced).to.deep.equal([]);
  });

  it('ends all sessions of a user that it disables, in the same write', async () => {
    const { context, replaced } = contextWith(stored());
    await tryChangeUser(
      context,
      KEY,
      request((user) => ({ ...user, active: false })),
      1,
    );
    expect(replaced[0]?.[0].accessState).to.deep.equal({ ...NEW_ACCESS_STATE, link, sessionEpoch: 1 });
  });

  it('removes the link of a disabled user who gets another external id', async () => {
    const { context, replaced } = contextWith(stored({ active: false, externalId: 'old' }));
    await tryChangeUser(
      context,
      KEY,
      request((user) => ({ ...user, active: true, externalId: 'new' })),
      1,
    );
    expect(replaced[0]?.[0].accessState.link).to.equal(undefined);
    expect(replaced[0]?.[2].attributes.map(({ name }) => name)).to.include('link');
  });
});

describe('createUserRules', () => {
  const users = ['u1', 'u2', 'u3', 'u4'].map((id) => ({ ...userNamed(id), id }));
  const reference = { groupId: 'g1', displayName: 'Staff' };

  /** Creates the rules over these users; the groups of the first `fitting` users fit in one answer. */
  function rulesWhere(fitting: number, found: FoundUser = stored()) {
    const storage = {
      find: async () => found,
      list: async (_: string, { limit }: Listing) => ({
        users: users.slice(0, limit).map((user) => ({ ...user })),
        total: users.length,
        ...(limit < users.length ? { nextPageToken: `after ${limit}` } : {}),
        tokenAfter: (count: number) => `after ${count}`,
      }),
    } as unknown as UserStorage;
    return createUserRules({
      storage,
      schemasOf: async () => [],
      groupsOf: async (_, ids) => new Map(ids.slice(0, fitting).map((id) => [id, [reference]])),
      accessOf: async () => undefined,
      once: (_, __, { make }, deadline) => make(undefined, deadline),
      retry: async (_, attempt) => (await attempt()) as never,
    });
  }

  it('lists fewer users if the groups of all do not fit in one answer, with the token of the next page', async () => {
    const page = await rulesWhere(3).list({ organizationId: 'acme', filter: undefined, order: undefined, skip: 0 }, 1);
    expect(page.users.map(({ id, groups }) => [id, groups])).to.deep.equal([
      ['u1', [reference]],
      ['u2', [reference]],
      ['u3', [reference]],
    ]);
    expect(page).to.include({ total: 4, nextPageToken: 'after 3' });
  });

  it('lets other work go first while it applies a PATCH that takes long', async () => {
    const emails = Array.from({ length: 1000 }, (_, index) => add('emails', { emails: [typed(`${index}`)] }));
    const request = { ...KEY, actor, operations: emails, refuseUpdate: false, refuseDeactivate: false };
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const error = await rulesWhere(4)
      .patch(request, 1)
      .catch((thrown) => thrown);
    clearImmediate(next);
    expect(error).to.include({ reason: ErrorReason.ERROR_REASON_FIELD_INVALID, field: 'operations' });
    expect(turns).to.be.at.least(9);
  });
});
