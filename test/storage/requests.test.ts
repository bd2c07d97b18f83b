/** Requests that callers may repeat: claims, marks that are too old, and calls that end half-way. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { DeleteUserRequest } from '../../proto/gen/userstore/v1/user_service.js';
import { type Claim, createOnce, type Effect } from '../../userstore/domain/repeats.js';
import { createRequestStorage, type RequestStorage } from '../../userstore/storage/requests.js';
import { type Database, openDatabase, soon } from './database.js';

describe('requests that may be repeated', () => {
  let database: Database;
  let storage: RequestStorage;
  before(async () => {
    database = await openDatabase('requests');
    storage = createRequestStorage(database.collections.requests);
  });
  after(() => database.close());

  const requestOf = (requestId: string | undefined, userId = 'u1'): DeleteUserRequest => ({
    ...{ organizationId: 'acme', userId, requestId },
    actor: { caller: 'billing', requestId: randomUUID() },
  });

  /** An effect that creates what it counts, with the marks that it was given. */
  function creation(fails = () => false): Effect<string> & { marks: string[] } {
    const marks: string[] = [];
    return {
      marks,
      make: async (claim) => {
        if (fails()) throw new Error('died before');
        marks.push(claim?.mark ?? 'none');
        return `made ${claim?.mark}`;
      },
      again: async ({ mark }) => `again ${mark}`,
      wasCreated: async ({ mark }) => marks.includes(mark),
    };
  }

  it('have one effect, also if the call dies after the effect and before the claim says so', async () => {
    let dies = true;
    const finish: RequestStorage['finish'] = async (...given) => {
      if (dies) throw new Error('died after');
      await storage.finish(...given);
    };
    const once = createOnce({ ...storage, finish });
    const [effect, request] = [creation(), requestOf(randomUUID())];
    const call = () => once(DeleteUserRequest, request, effect, soon());
    expect(await call().catch((error) => error.message)).to.equal('died after');
    dies = false;
    expect(await call()).to.equal(`again ${effect.marks[0]}`);
    expect(await call()).to.equal(`again ${effect.marks[0]}`);
    expect(effect.marks).to.have.length(1);
  });

  it('answer what was created if only the answer of the write was lost', async () => {
    const effect = creation();
    const make = async (claim: Claim | undefined, deadline: number) => {
      await effect.make(claim, deadline);
      throw new Error('the answer was lost');
    };
    const once = createOnce(storage);
    const answer = await once(DeleteUserRequest, requestOf(randomUUID()), { ...effect, make }, soon());
    expect(answer).to.equal(`again ${effect.marks[0]}`);
  });

  it('have no claim without a request id', async () => {
    const effect = creation();
    const sent = await database.commandsOf(() =>
      createOnce(storage)(DeleteUserRequest, requestOf(undefined), effect, soon()),
    );
    expect([sent, effect.marks]).to.deep.equal([[], ['none']]);
  });

  it('get another mark only when no call can be at work with the earlier one: 4 minutes later', async () => {
    let time = Date.now();
    let fails = true;
    const once = createOnce(storage, () => time);
    const effect = creation(() => fails);
    const request = requestOf(randomUUID());
    const call = () => once(DeleteUserRequest, request, effect, time + 30_000).catch((error) => error);
    expect(await call()).to.include({ message: 'died before' });
    const [first] = await database.collections.requests.find({ organizationId: 'acme' }).sort({ time: -1 });
    fails = false;
    time += 61_000;
    expect(await call()).to.include({ reason: ErrorReason.ERROR_REASON_WRITE_CONTENTION });
    time += 180_000;
    const answer = await call();
    expect(effect.marks).to.have.length(1);
    expect(effect.marks[0]).not.to.equal(first?.mark);
    expect(answer).to.equal(`made ${effect.marks[0]}`);
    expect(await call()).to.equal(`again ${effect.marks[0]}`);
  });

  it('end their creation before the mark is a minute old', async () => {
    let time = Date.now();
    const once = createOnce(storage, () => time);
    const deadlines: number[] = [];
    const make = async (_: Claim | undefined, deadline: number) => {
      deadlines.push(deadline);
      throw new Error('died before');
    };
    const request = requestOf(randomUUID());
    const begin = time;
    for (const later of [0, 50_000]) {
      time = begin + later;
      await once(DeleteUserRequest, request, { ...creation(), make }, time + 30_000).catch(() => undefined);
    }
    expect(deadlines).to.deep.equal([begin + 30_000, begin + 60_000]);
  });

  it('are REQUEST_ID_REUSED with another content, also of another person; another caller may have the same id', async () => {
    const once = createOnce(storage);
    const requestId = randomUUID();
    const call = (request: DeleteUserRequest) =>
      once(DeleteUserRequest, request, creation(), soon()).then(
        () => 'ok',
        ({ reason }) => ErrorReason[reason],
      );
    expect(await call(requestOf(requestId))).to.equal('ok');
    const person = { caller: 'billing', requestId: randomUUID(), person: 'ana' };
    expect(await call({ ...requestOf(requestId), actor: person })).to.equal('ok');
    expect(await call(requestOf(requestId, 'u2'))).to.equal('ERROR_REASON_REQUEST_ID_REUSED');
    expect(await call({ ...requestOf(requestId), etag: 'W/"1"' })).to.equal('ERROR_REASON_REQUEST_ID_REUSED');
    expect(await call({ ...requestOf(requestId, 'u2'), actor: { ...person, caller: 'reports' } })).to.equal('ok');
  });

  it('expire a day after the first call, and go with their organization', async () => {
    await database.collections.requests.deleteMany({});
    await createOnce(storage)(DeleteUserRequest, requestOf(randomUUID()), creation(), soon());
    const [stored] = await database.collections.requests.find();
    expect(Number(stored?.expireTime) - Number(stored?.time)).to.equal(86_400_000);
    expect(JSON.stringify(stored)).not.to.include('billing');
    await storage.removeAll('other', soon());
    expect(await database.collections.requests.countDocuments()).to.equal(1);
    await storage.removeAll('acme', soon());
    expect(await database.collections.requests.countDocuments()).to.equal(0);
  });
});
