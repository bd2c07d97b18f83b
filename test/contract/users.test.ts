/** UserService over gRPC: what each call does, and how each one fails. */
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { createTenant, sharedMongodbUri, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS, startService } from '../harness/processes.js';
import { add, allOf, elementMatch, equal, not, plain, remove, replace, typed, userNamed } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

let edge: UserstoreClient;
let organizationId: string;
let otherId: string;
let count = 0;

const create = async (more: Partial<User> = {}): Promise<User> => {
  const { user } = await edge.createUser({ organizationId, actor: actor(), user: userNamed(`user ${count++}`, more) });
  if (!user) throw new Error('no user came back');
  return user;
};
const get = async ({ id: userId }: User) => (await edge.getUser({ organizationId, userId })).user;
const keyOf = ({ id: userId }: User) => ({ organizationId, actor: actor(), userId });
const none = User.fromPartial({});

describe('UserService', () => {
  before(async () => {
    const pair = await sharedPair();
    edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
    organizationId = (await createTenant(pair)).organizationId;
    otherId = (await createTenant(pair)).organizationId;
  });
  after(() => edge.close());

  describe('CreateUser', () => {
    it('answers with the user as stored: id, organization, etag and times made by the store', async () => {
      const before = Date.now();
      const given = { ...userNamed('Created', { title: 'CFO' }), id: 'mine', organizationId: otherId, etag: 'W/"9"' };
      const { user } = await edge.createUser({ organizationId, actor: actor(), user: given });
      expect(user?.id).to.match(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
      expect(user).to.include({ organizationId, etag: 'W/"1"', userName: 'Created', title: 'CFO', active: true });
      expect(user?.createTime?.getTime()).to.be.within(before - 1, Date.now() + 1);
      expect(user?.updateTime).to.deep.equal(user?.createTime);
      expect(plain((await edge.getUser({ organizationId, userId: user?.id ?? '' })).user)).to.deep.equal(plain(user));
    });

    it('makes a user active by default', async () => {
      expect((await create({ active: undefined })).active).to.equal(true);
      expect((await create({ active: false })).active).to.equal(false);
    });

    it('refuses a name that is taken in any letter case: USER_NAME_TAKEN in user_name', async () => {
      const { userName = '' } = await create();
      const again = edge.createUser({ organizationId, actor: actor(), user: userNamed(userName.toUpperCase()) });
      expect(await failureIn(again)).to.deep.equal({
        code: 'ALREADY_EXISTS',
        reason: 'USER_NAME_TAKEN',
        field: 'user_name',
      });
    });

    const invalid: [title: string, user: User | undefined, field: string][] = [
      ['no user', undefined, 'user'],
      ['no user name', { ...none, active: true }, 'user_name'],
      ['an empty user name', userNamed(''), 'user_name'],
      ['a long title', userNamed('x', { title: 'x'.repeat(3000) }), 'title'],
      ['two primary e-mails', userNamed('x', { emails: [typed('a', 'w', true), typed('b', 'h', true)] }), 'emails'],
      [
        'an extension attribute with a value that is not JSON',
        userNamed('x', { extensionAttributes: [{ schema: 'urn:a:2.0:User', name: 'n', valueJson: '{' }] }),
        'extension_attributes.value_json',
      ],
    ];
    for (const schema of ['__proto__', 'constructor', 'emails', '']) {
      const user = userNamed('x', { extensionAttributes: [{ schema, name: 'n', valueJson: '1' }] });
      invalid.push([`an extension attribute of the schema "${schema}"`, user, 'extension_attributes']);
    }
    const twice = ['n', 'N'].map((name) => ({ schema: 'urn:a:2.0:User', name, valueJson: '1' }));
    invalid.push([
      'an extension attribute twice',
      userNamed('x', { extensionAttributes: twice }),
      'extension_attributes',
    ]);
    for (const [title, user, field] of invalid) {
      it(`refuses ${title}: FIELD_INVALID in ${field}`, async () => {
        const call = edge.createUser({ organizationId, actor: actor(), user });
        expect(await failureIn(call)).to.deep.equal({ code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field });
      });
    }
  });

  describe('a user that is not there is USER_NOT_FOUND', () => {
    const calls: [name: string, call: (key: ReturnType<typeof keyOf>) => Promise<unknown>][] = [
      ['GetUser', (key) => edge.getUser(key)],
      ['UpdateUser', (key) => edge.updateUser({ ...key, user: userNamed('x'), updateMask: ['*'] })],
      ['PatchUser', (key) => edge.patchUser({ ...key, operations: [add('title', { title: 'x' })] })],
      ['DeleteUser', (key) => edge.deleteUser(key)],
    ];
    const notFound = { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };
    for (const [name, call] of calls) {
      it(`to ${name}, whatever the id looks like`, async () => {
        for (const id of ['', 'x', '00000000-0000-4000-8000-000000000000', 'a/../b', '\u0000', 'x'.repeat(10_000)]) {
          expect(await failureIn(call(keyOf({ ...none, id }))), id.slice(0, 20)).to.deep.equal(notFound);
        }
      });

      it(`to ${name} of another organization, and stays unchanged`, async () => {
        const user = await create();
        const before = plain(user);
        expect(await failureIn(call({ ...keyOf(user), organizationId: otherId }))).to.deep.equal(notFound);
        expect(plain(await get(user))).to.deep.equal(before);
      });
    }
  });

  describe('UpdateUser', () => {
    it('sets and clears the fields of the mask, and makes a new version', async () => {
      const user = await create({ title: 'CFO', displayName: 'Ana', emails: [typed('a@x.example', 'work')] });
      const given = { ...none, title: 'CEO', nickName: 'not named' };
      const answer = await edge.updateUser({ ...keyOf(user), user: given, updateMask: ['title', 'display_name'] });
      const { updateTime } = answer.user ?? none;
      const expected = { ...user, title: 'CEO', displayName: undefined, etag: 'W/"2"', updateTime };
      expect(plain(answer.user)).to.deep.equal(plain(expected));
      expect(updateTime?.getTime()).to.be.at.least(user.updateTime?.getTime() ?? Number.NaN);
      expect(plain(await get(user))).to.deep.equal(plain(expected));
    });

    it('"*" replaces all there is, but never clears active', async () => {
      const user = await create({ title: 'CFO', active: false });
      const given = { ...userNamed('renamed'), active: undefined };
      const answer = await edge.updateUser({ ...keyOf(user), user: given, updateMask: ['*'] });
      expect(answer.user).to.include({ userName: 'renamed', title: undefined, active: false });
    });

    it('what changes nothing is no new version', async () => {
      const user = await create({ title: 'CFO' });
      const answer = await edge.updateUser({ ...keyOf(user), user, updateMask: ['*'] });
      expect(plain(answer.user)).to.deep.equal(plain(user));
    });

    for (const [title, updateMask] of [
      ['no mask', undefined],
      ['an empty mask', []],
      ['an unknown field', ['salary']],
      ['a field that only the store sets', ['organization_id']],
    ] as const) {
      it(`refuses ${title}: FIELD_INVALID in update_mask`, async () => {
        const user = await create();
        const call = edge.updateUser({ ...keyOf(user), user, updateMask: updateMask && [...updateMask] });
        const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'update_mask' };
        expect(await failureIn(call)).to.deep.equal(failure);
      });
    }

    it('refuses a name that is taken: USER_NAME_TAKEN, and nothing changes', async () => {
      const [one, other] = [await create(), await create({ title: 'CFO' })];
      const given = { ...userNamed(one.userName ?? ''), title: 'CEO' };
      const call = edge.updateUser({ ...keyOf(other), user: given, updateMask: ['user_name', 'title'] });
      expect(await failureIn(call)).to.include({ code: 'ALREADY_EXISTS', reason: 'USER_NAME_TAKEN' });
      expect(plain(await get(other))).to.deep.equal(plain(other));
    });

    it('refuses to clear the user name: FIELD_INVALID', async () => {
      const call = edge.updateUser({ ...keyOf(await create()), user: none, updateMask: ['user_name'] });
      expect(await failureIn(call)).to.include({ reason: 'FIELD_INVALID', field: 'user_name' });
    });
  });

  describe('PatchUser', () => {
    it('applies operations in their order and answers with the user as stored', async () => {
      const user = await create({ emails: [typed('a@x.example', 'home')] });
      const { user: patched } = await edge.patchUser({
        ...keyOf(user),
        operations: [
          add('emails', { emails: [typed('b@x.example', 'work', true)] }),
          replace(
            'emails',
            { emails: [typed('c@x.example')] },
            { element: equal('type', 'work'), elementField: 'value' },
          ),
          replace('active', { active: false }),
        ],
      });
      const emails = [typed('a@x.example', 'home'), typed('c@x.example', 'work', true)];
      expect(plain(patched)).to.deep.include({ active: false, etag: 'W/"2"', emails: plain(emails) });
      expect(plain(await get(user))).to.deep.equal(plain(patched));
    });

    it('is all or nothing: after a failed operation the user is unchanged', async () => {
      const user = await create({ title: 'CFO' });
      const operations = [
        replace('title', { title: 'CEO' }),
        remove('emails', undefined, { element: equal('type', 'x') }),
      ];
      expect(await failureIn(edge.patchUser({ ...keyOf(user), operations }))).to.deep.equal({
        code: 'FAILED_PRECONDITION',
        reason: 'PATCH_TARGET_MISSING',
        field: 'emails',
      });
      expect(plain(await get(user))).to.deep.equal(plain(user));
    });

    const refused: [title: string, operations: ReturnType<typeof add>[], reason: string, field: string][] = [
      ['an unknown field', [add('salary', { title: 'x' })], 'PATCH_FIELD_UNKNOWN', 'salary'],
      ['no operation', [], 'FIELD_INVALID', 'operations'],
      ['1001 operations', Array(1001).fill(add('title', { title: 'x' })), 'FIELD_INVALID', 'operations'],
      ['an operation without a value', [add('title')], 'FIELD_INVALID', 'title'],
      ['no verb', [{ ...add('title', { title: 'x' }), verb: 0 }], 'FIELD_INVALID', 'verb'],
      ['a verb newer than this store', [{ ...add('title', { title: 'x' }), verb: 99 }], 'FIELD_INVALID', 'verb'],
      ['the user name to be removed', [remove('user_name')], 'FIELD_INVALID', 'user_name'],
      ['active to be removed', [remove('active')], 'FIELD_INVALID', 'active'],
      [
        'elements by an unknown field',
        [remove('emails', undefined, { element: equal('x', 'y') })],
        'FILTER_UNSUPPORTED',
        'x',
      ],
    ];
    for (const [title, operations, reason, field] of refused) {
      it(`refuses ${title}: ${reason} in ${field}`, async () => {
        const call = edge.patchUser({ ...keyOf(await create()), operations });
        expect(await failureIn(call)).to.deep.equal({ code: 'INVALID_ARGUMENT', reason, field });
      });
    }

    it('loses none of 20 parallel patches over two userstores, however often each was retried', async () => {
      const port = await freePort();
      const second = await startService('userstore', {
        MONGODB_URI: sharedMongodbUri(),
        USERSTORE_PORT: String(port),
        SERVICE_TOKENS: `edge:edge:${SERVICE_TOKENS.edge}`,
      });
      const other = userstoreClient(`127.0.0.1:${port}`, SERVICE_TOKENS.edge);
      try {
        const user = await create();
        const made = (index: number) => equal('value', `role ${index}`);
        const patches = Array.from({ length: 20 }, (_, index) => [
          add('roles', { roles: [typed(`role ${index}`, 'made')] }),
          replace('roles', { roles: [typed(`done ${index}`)] }, { element: made(index), elementField: 'value' }),
        ]);
        await Promise.all(
          patches.map((operations, index) =>
            [edge, other][index % 2]?.patchUser({ ...keyOf(user), operations }, 20_000),
          ),
        );
        const roles = (await get(user))?.roles.map(({ value }) => value);
        expect(roles).to.have.members(patches.map((_, index) => `done ${index}`));
      } finally {
        other.close();
        await second.stop();
      }
    });
  });

  describe('etags', () => {
    const stale = { code: 'ABORTED', reason: 'ETAG_MISMATCH' };
    const writes: [name: string, write: (user: User, etag: string) => Promise<unknown>][] = [
      [
        'UpdateUser',
        (user, etag) => edge.updateUser({ ...keyOf(user), user: { ...none, title: 'U' }, updateMask: ['title'], etag }),
      ],
      [
        'PatchUser',
        (user, etag) => edge.patchUser({ ...keyOf(user), operations: [add('title', { title: 'P' })], etag }),
      ],
      ['DeleteUser', (user, etag) => edge.deleteUser({ ...keyOf(user), etag })],
    ];
    for (const [name, write] of writes) {
      it(`${name} with the version of the store succeeds`, async () => {
        const user = await create();
        await write(user, user.etag);
      });

      it(`${name} with an old or malformed version is ETAG_MISMATCH and changes nothing`, async () => {
        const old = await create();
        await edge.patchUser({ ...keyOf(old), operations: [add('nick_name', { nickName: 'n' })] });
        const before = plain(await get(old));
        for (const etag of [old.etag, '', '*', 'W/"99"', '"2"']) {
          expect(await failureIn(write(old, etag)), etag).to.deep.equal(stale);
        }
        expect(plain(await get(old))).to.deep.equal(before);
      });
    }

    it('of two holders of one etag exactly one writes', async () => {
      for (let round = 0; round < 5; round++) {
        const user = await create();
        const [one, other] = [userNamed('one', { title: 'one' }), userNamed('other', { title: 'other' })];
        const ends = await Promise.allSettled(
          [one, other].map((given) =>
            edge.updateUser({ ...keyOf(user), user: given, updateMask: ['title'], etag: user.etag }),
          ),
        );
        const won = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.user] : []));
        expect(won).to.have.length(1);
        for (const end of ends) {
          if (end.status === 'rejected') expect(await failureIn(Promise.reject(end.reason))).to.deep.equal(stale);
        }
        expect(plain(await get(user))).to.deep.equal(plain(won[0]));
      }
    });
  });

  describe('DeleteUser', () => {
    it('removes the user for good, and a second time there is none', async () => {
      const user = await create();
      await edge.deleteUser(keyOf(user));
      const notFound = { code: 'NOT_FOUND', reason: 'USER_NOT_FOUND' };
      expect(await failureIn(get(user))).to.deep.equal(notFound);
      expect(await failureIn(edge.deleteUser(keyOf(user)))).to.deep.equal(notFound);
    });

    it('frees the name, and the next user of that name is another one', async () => {
      const user = await create();
      await edge.deleteUser(keyOf(user));
      const next = await edge.createUser({ organizationId, actor: actor(), user: userNamed(user.userName ?? '') });
      expect(next.user?.id).not.to.equal(user.id);
    });
  });

  describe('ListUsers', () => {
    let listId: string;
    const list = (more: object = {}) =>
      edge.listUsers({ organizationId: listId, filter: undefined, order: undefined, skip: 0, ...more });
    before(async () => {
      listId = (await createTenant(await sharedPair())).organizationId;
      const createOne = (index: number) => {
        const user = userNamed(`list ${index}`, { externalId: `last digit ${index % 10}` });
        return edge.createUser({ organizationId: listId, actor: actor(), user });
      };
      for (let from = 0; from < 205; from += 41) {
        await Promise.all(Array.from({ length: 41 }, (_, index) => createOne(from + index)));
      }
    });

    const pages: [title: string, request: object, length: number][] = [
      ['no page size: 100', {}, 100],
      ['a page size of 0: none', { pageSize: 0 }, 0],
      ['a page size of 3: 3', { pageSize: 3 }, 3],
      ['a page size above 200: 200', { pageSize: 1000 }, 200],
      ['a negative page size: none', { pageSize: -1 }, 0],
      ['a skip past the end: none', { skip: 300 }, 0],
      ['a skip near the end: the rest', { skip: 200 }, 5],
      ['a negative skip: from the first', { skip: -5, pageSize: 2 }, 2],
    ];
    for (const [title, request, length] of pages) {
      it(`${title}, and the total of 205`, async () => {
        const { users, totalSize } = await list(request);
        expect(users).to.have.length(length);
        expect(totalSize).to.equal(205);
      });
    }

    it('lists oldest first', async () => {
      const times = (await list({ pageSize: 200 })).users.map(({ createTime }) => createTime?.getTime() ?? 0);
      expect(times).to.deep.equal(times.toSorted((one, other) => one - other));
    });

    it('counts and returns only matches of the filter', async () => {
      const { users, totalSize } = await list({ filter: equal('external_id', 'last digit 9'), pageSize: 4 });
      expect([users.length, totalSize]).to.deep.equal([4, 20]);
    });

    it('continues by page token through all pages, with the same total on each', async () => {
      const sizes: number[] = [];
      const names = new Set<string | undefined>();
      let pageToken: string | undefined;
      do {
        const page = await list({ pageSize: 90, pageToken });
        expect(page.totalSize).to.equal(205);
        sizes.push(page.users.length);
        for (const { userName } of page.users) names.add(userName);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined && sizes.length < 10);
      expect(sizes).to.deep.equal([90, 90, 25]);
      expect(names.size).to.equal(205);
    });

    it('gives no page token where the total alone is asked for', async () => {
      expect((await list({ pageSize: 0 })).nextPageToken).to.equal(undefined);
    });

    it('continues by page token after a page that skip found', async () => {
      const { nextPageToken: pageToken } = await list({ skip: 100, pageSize: 50 });
      const [next, expected] = [await list({ pageToken, pageSize: 5 }), await list({ skip: 150, pageSize: 5 })];
      expect(plain(next.users)).to.deep.equal(plain(expected.users));
    });

    it('lists in the order asked for, and the other way round', async () => {
      for (const descending of [false, true]) {
        const { users } = await list({ order: { field: 'user_name', descending }, pageSize: 200 });
        const names = users.map(({ userName = '' }) => userName);
        expect(names).to.deep.equal(descending ? names.toSorted().reverse() : names.toSorted());
        expect(names[0]).to.equal(descending ? 'list 99' : 'list 0');
      }
    });

    for (const field of ['salary', 'organization_id', '', 'emails', '$where']) {
      it(`refuses an order by ${field || 'nothing'}: ORDER_UNSUPPORTED`, async () => {
        const failure = { code: 'INVALID_ARGUMENT', reason: 'ORDER_UNSUPPORTED', field };
        expect(await failureIn(list({ order: { field, descending: false } }))).to.deep.equal(failure);
      });
    }

    it('refuses a malformed page token and one of another filter or order: PAGE_TOKEN_INVALID', async () => {
      const { nextPageToken } = await list({ pageSize: 1 });
      const failure = { code: 'INVALID_ARGUMENT', reason: 'PAGE_TOKEN_INVALID' };
      for (const request of [
        { pageToken: '' },
        { pageToken: 'x' },
        { pageToken: nextPageToken, filter: equal('active', true) },
        { pageToken: nextPageToken, order: { field: 'user_name', descending: false } },
      ]) {
        expect(await failureIn(list(request)), JSON.stringify(request)).to.deep.equal(failure);
      }
    });

    for (const depth of [60, 100, 1500]) {
      it(`refuses a filter ${depth} levels deep: FILTER_UNSUPPORTED`, async () => {
        const filter = Array.from({ length: depth }).reduce<Filter>((inner) => not(inner), equal('user_name', 'x'));
        const failure = { code: 'INVALID_ARGUMENT', reason: 'FILTER_UNSUPPORTED' };
        expect(await failureIn(list({ filter }))).to.deep.equal(failure);
      });
    }

    for (const [filter, field] of [
      [equal('salary', 'x'), 'salary'],
      [equal('organization_id', 'x'), 'organization_id'],
      [elementMatch('name', equal('given_name', 'x')), 'name'],
      [allOf(), undefined],
    ] as const) {
      it(`refuses a filter by ${field ?? 'nothing'}: FILTER_UNSUPPORTED`, async () => {
        const failure = { code: 'INVALID_ARGUMENT', reason: 'FILTER_UNSUPPORTED' };
        expect(await failureIn(list({ filter }))).to.deep.equal(field ? { ...failure, field } : failure);
      });
    }
  });
});
