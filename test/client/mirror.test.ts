/** A mirror over answers that the test makes: when it is synced, how far it lags, and when it lists again. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { errorWith } from '../../client/errors.js';
import { Mirror, type MirrorOptions } from '../../client/mirror.js';
import { fileStore } from '../../client/mirror-store.js';
import type { Transport } from '../../client/transport.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import { Event } from '../../proto/gen/userstore/v1/event.js';
import { ListEventsResponse, type WatchEventsResponse } from '../../proto/gen/userstore/v1/event_service.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { ListUsersResponse } from '../../proto/gen/userstore/v1/user_service.js';
import { eventually } from '../harness/userstore.js';

const user = (id: string, version: number, title = 'Agent') =>
  User.fromPartial({ id, etag: `W/"${version}"`, userName: id, title, active: true });
const event = (id: string, version: number, title?: string) =>
  Event.fromPartial({
    id: `${id}/${version}`,
    resourceType: 'User',
    resourceId: id,
    resourceVersion: version,
    ...(title === undefined ? {} : { resource: { $case: 'user', value: user(id, version, title) } }),
  });

describe('a mirror', () => {
  let listed: User[];
  let logged: Event[];
  let lists: number;
  /** Ends the stream with an error, or sends a message on it. */
  let next: (outcome: WatchEventsResponse | Error) => void;
  let mirrors: Mirror<'title'>[];
  let listFailure: Error | undefined;

  beforeEach(() => {
    [listed, logged, lists, mirrors, listFailure] = [[], [], 0, [], undefined];
  });
  afterEach(() => Promise.all(mirrors.map((mirror) => mirror.close())));

  const unary = ({ path }: { path: string }) => {
    if (path.endsWith('/ListUsers')) {
      lists++;
      if (listFailure) return Promise.reject(listFailure);
      return Promise.resolve(ListUsersResponse.fromPartial({ users: listed, eventCursor: 'listed' }));
    }
    return Promise.resolve(ListEventsResponse.fromPartial({ events: logged, checkpoint: 'read' }));
  };
  async function* stream(_: unknown, __: unknown, signal: AbortSignal): AsyncGenerator<WatchEventsResponse> {
    while (!signal.aborted) {
      const outcome = await new Promise<WatchEventsResponse | Error | undefined>((resolve) => {
        next = resolve;
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      if (outcome instanceof Error) throw outcome;
      if (outcome) yield outcome;
    }
  }
  const start = (more: Partial<MirrorOptions<'title'>> = {}) => {
    const options = { organizationId: 'o', fields: ['title'] as const, ...more };
    const mirror = new Mirror({ unary, stream } as unknown as Transport, options);
    mirrors.push(mirror);
    return mirror;
  };
  const titles = (mirror: Mirror<'title'>) =>
    Object.fromEntries([...mirror.users()].map(({ id, title }) => [id, title]));

  it('is synced when it has read what changed while it listed, and shows no earlier state', async () => {
    listed = [user('ana', 2, 'Manager'), user('ben', 1)];
    logged = [event('ana', 1, 'Agent'), event('cem', 1, 'Agent'), event('cem', 2), event('ben', 2, 'Owner')];
    const changes: unknown[] = [];
    const mirror = start({ onChange: ({ before, after }) => changes.push([before?.title, after?.id, after?.title]) });
    await mirror.synced;
    expect(titles(mirror)).to.deep.equal({ ana: 'Manager', ben: 'Owner' });
    expect(mirror.get('ana')).to.deep.equal({ id: 'ana', etag: 'W/"2"', title: 'Manager' });
    await eventually('the listener has heard', async () => changes.length > 0);
    expect(changes).to.deep.equal([
      [undefined, 'ana', 'Manager'],
      [undefined, 'ben', 'Owner'],
    ]);
  });

  it('follows the stream; a version that it has changes nothing', async () => {
    listed = [user('ana', 2), user('ben', 1)];
    const mirror = start();
    await mirror.synced;
    await eventually('it watches', async () => mirror.lagMs === 0 && next !== undefined);
    next({ events: [event('ana', 2, 'Stale'), event('ana', 3, 'Owner'), event('ben', 2)], checkpoint: 'c' });
    await eventually('it has them', async () => mirror.size === 1);
    expect(titles(mirror)).to.deep.equal({ ana: 'Owner' });
  });

  for (const [what, code, reason] of [
    ['has expired', 'OUT_OF_RANGE', ErrorReason.ERROR_REASON_EVENT_CURSOR_EXPIRED],
    ['is of a time before a restore', 'INVALID_ARGUMENT', ErrorReason.ERROR_REASON_EVENT_CURSOR_UNKNOWN],
  ] as const) {
    it(`lists again when its cursor ${what}, and tells only what is different`, async () => {
      listed = [user('ana', 1), user('ben', 1)];
      const changes: unknown[] = [];
      const mirror = start({ onChange: ({ before, after }) => changes.push([before?.id, after?.id]) });
      await mirror.synced;
      await eventually('the listener has heard', async () => changes.length === 2);
      listed = [user('ana', 1), user('cem', 1)];
      next(errorWith(code, 'refused', { reason }));
      await eventually('it has listed', async () => mirror.get('cem') !== undefined && changes.length === 4);
      expect(lists).to.equal(2);
      expect(changes.slice(2)).to.have.deep.members([
        [undefined, 'cem'],
        ['ben', undefined],
      ]);
    });
  }

  it('lags while userstore is away, and names the problem', async () => {
    const mirror = start();
    await mirror.synced;
    listFailure = errorWith('UNAVAILABLE', 'away');
    next(errorWith('OUT_OF_RANGE', 'x', { reason: ErrorReason.ERROR_REASON_EVENT_CURSOR_EXPIRED }));
    await eventually('it lags', async () => (mirror.lagMs ?? 0) > 0 && mirror.problem?.message === 'away');
    listFailure = undefined;
    await eventually('it follows', async () => mirror.lagMs === 0 && mirror.problem === undefined);
  });

  it('rejects its first sync if userstore refuses it, and waits if userstore is away', async () => {
    listFailure = errorWith('PERMISSION_DENIED', 'not yours');
    const refused = await start().synced.catch((error: Error) => error.message);
    expect(refused).to.equal('not yours');
    listFailure = errorWith('UNAVAILABLE', 'away');
    const waits = start();
    await sleep(200);
    expect(waits.lagMs).to.equal(undefined);
    listFailure = undefined;
    await waits.synced;
  });

  it('goes on from its file without a list, also if its last line is cut', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mirror-'));
    const file = join(folder, 'users.jsonl');
    listed = [user('ana', 1), user('ben', 1)];
    const first = start({ store: fileStore(file) });
    await first.synced;
    await eventually('it watches', async () => next !== undefined);
    next({ events: [event('ana', 2, 'Owner')], checkpoint: 'c' });
    await eventually('it has it', async () => first.get('ana')?.title === 'Owner');
    await first.close();
    await writeFile(file, `${await readFile(file, 'utf8')}{"cursor":"lost","put":["`);
    const second = start({ store: fileStore(file) });
    await second.synced;
    expect(titles(second)).to.deep.equal({ ana: 'Owner', ben: 'Agent' });
    expect(lists).to.equal(1);
    await second.close();
    const other = start({ store: fileStore(file), organizationId: 'another' });
    await other.synced;
    expect(lists).to.equal(2);
    await other.close();
    await rm(folder, { recursive: true });
  });
});
