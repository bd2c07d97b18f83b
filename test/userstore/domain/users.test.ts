/** One attempt to change a user, over a storage that the test plays. */
import { expect } from 'chai';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import type { User } from '../../../proto/gen/userstore/v1/user.js';
import { tryChangeUser, type UserChangeRequest, type UserContext } from '../../../userstore/domain/users.js';
import { NEW_ACCESS_STATE } from '../../../userstore/storage/documents.js';
import type { FoundUser, UserStorage } from '../../../userstore/storage/users.js';
import { userNamed } from '../../harness/users.js';

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
