/** Rehire: the disabled user with the user name of a new one becomes that user, under the version that was read. */
import { expect } from 'chai';
import { errorWith } from '../../../client/errors.js';
import { rehire } from '../../../edge/operations/users.js';
import type { RequestScope } from '../../../edge/request-context.js';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import type { UpdateUserRequest } from '../../../proto/gen/userstore/v1/user_service.js';

const scope = { organizationId: 'acme', settings: {}, actor: { caller: 'edge', requestId: 'r' } } as RequestScope;
const ana = User.fromPartial({ userName: 'ana@oakstreet.example', displayName: 'Ana' });
const stale = () => errorWith('ABORTED', 'stale', { reason: ErrorReason.ERROR_REASON_ETAG_MISMATCH });

describe('a rehire', () => {
  /** Runs a rehire while `holders` have the name one after the other; the first `conflicts` updates fail as stale. */
  async function rehired(holders: Partial<User>[], conflicts = 0) {
    const updates: UpdateUserRequest[] = [];
    let reads = 0;
    const store = {
      listUsers: async () => ({ users: holders.slice(reads++, reads).map((holder) => User.fromPartial(holder)) }),
      updateUser: async (request: UpdateUserRequest) => {
        updates.push(request);
        if (updates.length <= conflicts) throw stale();
        return { user: request.user };
      },
    } as unknown as Parameters<typeof rehire>[0];
    return { user: await rehire(store, scope, ana), updates };
  }

  it('updates and activates the disabled user under the version that was read', async () => {
    const { user, updates } = await rehired([{ id: '1', etag: 'W/"4"', active: false }]);
    expect(user?.active).to.equal(true);
    expect(updates.map(({ userId, etag }) => [userId, etag])).to.deep.equal([['1', 'W/"4"']]);
  });

  it('reads the user again after another writer changed it', async () => {
    const holder = { id: '1', active: false };
    const { user, updates } = await rehired(
      [
        { ...holder, etag: 'W/"4"' },
        { ...holder, etag: 'W/"5"' },
      ],
      1,
    );
    expect(user?.displayName).to.equal('Ana');
    expect(updates.map(({ etag }) => etag)).to.deep.equal(['W/"4"', 'W/"5"']);
  });

  it('touches no active user, and ends after five conflicts', async () => {
    expect((await rehired([{ id: '1', active: true }])).updates).to.deep.equal([]);
    const contended = Array.from({ length: 9 }, () => ({ id: '1', etag: 'W/"1"', active: false }));
    const { user, updates } = await rehired(contended, 9);
    expect(user).to.equal(undefined);
    expect(updates).to.have.length(5);
  });
});
