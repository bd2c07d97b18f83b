/** The package has the whole contract: a new RPC or service that it does not offer fails here. */
import { expect } from 'chai';
import { CONTRACT, SERVICES, WATCH_EVENTS } from '../../client/contract.js';
import { errorWith, NotFoundError, UnavailableError, UserstoreError } from '../../client/errors.js';
import { Pages } from '../../client/pages.js';
import { servicesOver } from '../../client/services.js';
import type { Transport } from '../../client/transport.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { projectFiles } from '../harness/sources.js';

interface AnyMethod {
  path: string;
  responseDeserialize: (bytes: Buffer) => object;
}
const pathOf = ({ path }: AnyMethod) => path;
const emptyAnswerOf = ({ responseDeserialize }: AnyMethod) => responseDeserialize(Buffer.alloc(0));

describe('the client', () => {
  it('offers every RPC of the contract', () => {
    const declared = [...projectFiles((path) => /^proto\/userstore\/.*\.proto$/.test(path)).values()].flatMap(
      (text) => {
        const [, service] = /^service (\w+) /m.exec(text) ?? [];
        return [...text.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, rpc]) => `/userstore.v1.${service}/${rpc}`);
      },
    );
    expect(declared.length).to.be.above(40);
    const watch = pathOf(WATCH_EVENTS);
    const grouped = Object.values(SERVICES).flatMap(({ methods }) => Object.values<AnyMethod>(methods).map(pathOf));
    expect([...grouped, watch]).to.have.members(declared);
    expect([...Object.values<AnyMethod>(CONTRACT).map(pathOf), watch]).to.have.members(declared);
  });

  it('calls RPCs without the noun of their service, and lists as pages', async () => {
    const sent: [path: string, request: object][] = [];
    const unary = (method: AnyMethod, request: object) => {
      sent.push([method.path.replace('/userstore.v1.', ''), request]);
      return Promise.resolve(emptyAnswerOf(method));
    };
    const { users, groups, sessions } = servicesOver({ unary } as unknown as Transport);
    await users.get({ organizationId: 'a', userId: 'u' });
    await users.batchGet({ organizationId: 'a', userIds: ['u'] });
    await sessions.check({ sessionToken: 's' });
    await groups.listMemberships({ organizationId: 'a', userId: 'u' }).first();
    await users.list({ organizationId: 'a' }).first();
    expect(sent.map(([path]) => path)).to.deep.equal([
      'UserService/GetUser',
      'UserService/BatchGetUsers',
      'SessionService/CheckSession',
      'GroupService/ListMemberships',
      'UserService/ListUsers',
    ]);
    expect(sent.at(-1)?.[1]).to.deep.include({ organizationId: 'a', pageSize: 1, skip: 0 });
  });

  it('finds the items of each page: the first field of every answer that has pages is a list', () => {
    const paged = Object.values<AnyMethod>(CONTRACT)
      .map(emptyAnswerOf)
      .filter((answer) => 'nextPageToken' in answer);
    expect(paged.length).to.be.above(4);
    for (const answer of paged) expect(Object.values(answer)[0], JSON.stringify(answer)).to.deep.equal([]);
  });

  it('follows the tokens of pages to the last', async () => {
    const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    const pages = [{ users: [a, b], nextPageToken: 'x' }, { users: [], nextPageToken: 'y' }, { users: [c] }];
    const tokens: unknown[] = [];
    const list = new Pages<{ users: { id: string }[]; nextPageToken?: string }>(({ pageToken }) => {
      tokens.push(pageToken);
      return Promise.resolve(pages[tokens.length - 1] ?? { users: [] });
    });
    expect(await list.all()).to.deep.equal([a, b, c]);
    expect(tokens).to.deep.equal([undefined, 'x', 'y']);
  });
});

describe('an error of the client', () => {
  it('has the class of its status, the name of its reason, and its field', () => {
    const reason = ErrorReason.ERROR_REASON_USER_NOT_FOUND;
    const error = errorWith('NOT_FOUND', 'There is no such user.', { reason, field: 'user_id' });
    expect(error).to.be.instanceOf(NotFoundError).and.instanceOf(UserstoreError);
    expect([error.name, error.code, error.reason, error.field, error.isUnavailable]).to.deep.equal([
      'NotFoundError',
      'NOT_FOUND',
      'USER_NOT_FOUND',
      'user_id',
      false,
    ]);
    for (const code of ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'] as const) {
      const away = errorWith(code, 'x');
      expect(away).to.be.instanceOf(UnavailableError);
      expect(away.isUnavailable).to.equal(true);
    }
  });

  it('has no reason if userstore gave none, or one that is newer', () => {
    expect(errorWith('INTERNAL', 'x').reason).to.equal(undefined);
    expect(errorWith('INTERNAL', 'x', { reason: ErrorReason.UNRECOGNIZED }).reason).to.equal(undefined);
  });
});
