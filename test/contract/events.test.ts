/** EventService: the list and the stream of events, at one and at two userstores. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Event } from '../../proto/gen/userstore/v1/event.js';
import {
  ListEventsRequest,
  WatchEventsRequest,
  type WatchEventsResponse,
} from '../../proto/gen/userstore/v1/event_service.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { cursorOf } from '../../userstore/model/event-cursor.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const CREATED = 'urn:ietf:params:scim:event:prov:create:full';
const DEACTIVATED = 'urn:ietf:params:scim:event:prov:deactivate';
const DELETED = 'urn:ietf:params:scim:event:prov:delete';
/** The types of these tests' changes of users. */
const OF_USERS = [CREATED, DEACTIVATED, DELETED, 'user.locked'];

describe('events', () => {
  let mongodbUri: string;
  let services: { userstore: Service; address: string }[];
  let admin: UserstoreClient;
  let reader: UserstoreClient;

  before(async () => {
    mongodbUri = testMongodbUri('events-contract');
    services = await Promise.all([startUserstore(mongodbUri), startUserstore(mongodbUri)]);
    admin = userstoreClient(addressOf(0), SERVICE_TOKENS.admin);
    reader = userstoreClient(addressOf(1), SERVICE_TOKENS.reader);
  });
  after(async () => {
    admin.close();
    reader.close();
    await Promise.all(services.map(({ userstore }) => userstore.stop()));
  });

  const addressOf = (index: number) => services[index]?.address ?? '';
  const newOrganization = async () => {
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    return organization?.id ?? '';
  };
  const create = async (organizationId: string, userName: string) => {
    const { user } = await admin.createUser({ organizationId, actor: actor(), user: userNamed(userName) });
    return user?.id ?? '';
  };
  const disable = (organizationId: string, userId: string) =>
    admin.updateUser({
      organizationId,
      userId,
      actor: actor(),
      user: { ...userNamed('x'), active: false },
      updateMask: ['active'],
      refuseUpdate: false,
      refuseDeactivate: false,
    });
  const list = (request: Partial<ListEventsRequest>) => reader.listEvents(ListEventsRequest.fromPartial(request));
  const listed = async (forOrganizationId: string, count: number) => {
    await eventually(
      'events are listed',
      async () => (await list({ organizationId: forOrganizationId, types: OF_USERS })).events.length >= count,
    );
    return (await list({ organizationId: forOrganizationId, types: OF_USERS })).events;
  };

  /** Watches until `isEnough`; returns the messages. */
  async function watched(
    request: Partial<WatchEventsRequest>,
    isEnough: (all: WatchEventsResponse[]) => boolean,
    index = 1,
  ) {
    const client = userstoreClient(addressOf(index), SERVICE_TOKENS.reader);
    const all: WatchEventsResponse[] = [];
    const ending = AbortSignal.timeout(15_000);
    try {
      for await (const message of client.watchEvents(WatchEventsRequest.fromPartial(request), ending)) {
        all.push(message);
        if (isEnough(all)) break;
      }
      return all;
    } finally {
      client.close();
    }
  }
  const eventsIn = (all: WatchEventsResponse[]): Event[] => all.flatMap(({ events }) => events);

  it("people's acts are listed, newest first, of a person and between two times", async () => {
    const organizationId = await newOrganization();
    const userId = await create(organizationId, 'ivy@oakstreet.example');
    const by = (person: string) => ({ ...actor(), person });
    await admin.lockUser({ organizationId, userId, actor: by('ana'), reason: 'lost laptop' });
    await admin.unlockUser({ organizationId, userId, actor: by('ben') });
    await admin.createApiToken({ organizationId, actor: by('ana'), label: 'Okta' });
    const acts = async (more: Partial<ListEventsRequest> = {}) =>
      await list({ organizationId, byPerson: true, newestFirst: true, ...more });
    const typesOf = async (more?: Partial<ListEventsRequest>) => (await acts(more)).events.map(({ type }) => type);
    await eventually('all acts are listed', async () => (await acts()).events.length === 3);
    expect(await typesOf()).to.have.members(['token.issued', 'user.unlocked', 'user.locked']);
    expect(await typesOf({ person: 'ben', byPerson: undefined })).to.deep.equal(['user.unlocked']);
    expect(await typesOf({ person: 'ben', newestFirst: false })).to.deep.equal(['user.unlocked']);
    expect(await typesOf({ person: 'be' })).to.deep.equal([]);
    expect(await typesOf({ types: ['user.locked'] })).to.deep.equal(['user.locked']);
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    expect(await typesOf({ startTime: hour(-1), endTime: hour(1) })).to.have.length(3);
    for (const range of [{ startTime: hour(1) }, { endTime: hour(-1) }]) expect(await typesOf(range)).to.deep.equal([]);
    const pages: Event[] = [];
    for (let cursor: string | undefined, hasMore = true; hasMore; ) {
      const page = await acts({ cursor, pageSize: 1 });
      pages.push(...page.events);
      ({ checkpoint: cursor, hasMore } = page);
    }
    expect(pages.map(({ id }) => id)).to.deep.equal((await acts()).events.map(({ id }) => id));
    const cursor = pages[0]?.cursor;
    const failure = await failureIn(acts({ cursor, endTime: hour(1) }));
    expect(failure).to.include({ reason: 'FIELD_INVALID', field: 'end_time' });
    expect(await failureIn(acts({ person: '' }))).to.include({ reason: 'FIELD_INVALID', field: 'person' });
  });

  it('a change is an event with its type, actor, changes and the user after it', async () => {
    const organizationId = await newOrganization();
    const userId = await create(organizationId, 'ana@oakstreet.example');
    await disable(organizationId, userId);
    await admin.lockUser({ organizationId, userId, actor: actor(), reason: 'lost laptop' });
    await admin.deleteUser({ organizationId, userId, actor: actor() });
    const events = await listed(organizationId, 4);
    expect(events.map(({ type }) => type)).to.deep.equal([CREATED, DEACTIVATED, 'user.locked', DELETED]);
    expect(events.map(({ resourceVersion }) => resourceVersion)).to.deep.equal([1, 2, 3, 4]);
    expect(events.map(({ resource }) => resource?.$case === 'user' && resource.value.active)).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
    expect(events[1]).to.deep.include({ organizationId, resourceId: userId, resourceType: 'User', complete: true });
    expect(events[1]?.actor?.caller).to.equal('admin');
    expect(events[1]?.changes).to.have.length(1);
    expect(events[1]?.changes[0]).to.include({ name: 'active', before: 'true', after: 'false' });
  });

  it('a list goes on at its checkpoint, and ends at a checkpoint from which to watch', async () => {
    const organizationId = await newOrganization();
    for (let index = 0; index < 5; index++) await create(organizationId, `${index}@oakstreet.example`);
    const all = await listed(organizationId, 5);
    const filter = { organizationId, types: OF_USERS };
    const first = await list({ ...filter, pageSize: 3 });
    expect([first.events.length, first.hasMore]).to.deep.equal([3, true]);
    const second = await list({ ...filter, pageSize: 3, cursor: first.checkpoint });
    const ids = (events: Event[]) => events.map(({ id }) => id);
    expect(ids([...first.events, ...second.events])).to.deep.equal(ids(all));
    expect(second.hasMore).to.equal(false);
    const watching = watched({ ...filter, cursor: second.checkpoint }, (messages) => eventsIn(messages).length > 0);
    const userId = await create(organizationId, 'last@oakstreet.example');
    expect(eventsIn(await watching).map(({ resourceId }) => resourceId)).to.deep.equal([userId]);
  });

  it('acts of staff are events with who did them, on another userstore too; those of all organizations have none', async () => {
    const by = { ...actor(), caller: 'admin', person: 'ana' };
    const { organization } = await admin.createOrganization({ actor: by, displayName: 'Oak Street Homes' });
    const organizationId = organization?.id ?? '';
    const about = { organizationId, actor: by };
    const { apiToken } = await admin.createApiToken({ ...about, label: 'Okta' });
    await admin.revokeApiToken({ ...about, apiTokenId: apiToken?.id ?? '' });
    const webhook = Webhook.fromPartial({ url: 'https://billing.example/events' });
    const { webhook: added } = await admin.createWebhook({ actor: by, webhook });
    await admin.deleteWebhook({ actor: by, webhookId: added?.id ?? '' });
    await admin.deleteOrganization(about);
    const types = ['organization.deleted', 'webhook.removed'];
    const wanted = async () =>
      (await list({ types, pageSize: 1000 })).events.filter((one) => one.actor?.person === 'ana');
    await eventually('both are listed', async () => (await wanted()).length === 2);
    const { events } = await list({ organizationId });
    expect(events.map(({ type }) => type)).to.have.members([
      'organization.created',
      'token.issued',
      'token.revoked',
      'organization.deleted',
    ]);
    for (const event of [...events, ...(await wanted())]) expect(event.actor).to.deep.equal(by);
    const ofWebhook = (await list({ resourceId: added?.id ?? '' })).events;
    expect(ofWebhook.map(({ type, organizationId: none }) => [type, none])).to.deep.equal([
      ['webhook.added', ''],
      ['webhook.removed', ''],
    ]);
  });

  it('an event has the cursor after it', async () => {
    const organizationId = await newOrganization();
    for (let index = 0; index < 3; index++) await create(organizationId, `${index}@oakstreet.example`);
    const all = await listed(organizationId, 3);
    const filter = { organizationId, types: OF_USERS };
    const rest = await list({ ...filter, cursor: all[0]?.cursor });
    expect(rest.events.map(({ id }) => id)).to.deep.equal(all.slice(1).map(({ id }) => id));
  });

  it('a stream at another userstore shows a change within a second', async () => {
    const organizationId = await newOrganization();
    const userId = await create(organizationId, 'ana@oakstreet.example');
    await listed(organizationId, 1);
    let seen = 0;
    const filter = { organizationId, types: [DEACTIVATED] };
    const watching = watched(filter, (messages) => {
      if (eventsIn(messages).length > 0) seen = Date.now();
      return seen > 0;
    });
    await sleep(500);
    await disable(organizationId, userId);
    const acknowledged = Date.now();
    await watching;
    expect(seen - acknowledged).to.be.lessThan(1000);
  });

  it('a stream says where it is, without events, so that it can go on after a long silence', async () => {
    const organizationId = await newOrganization();
    const [heartbeat] = await watched({ organizationId, types: OF_USERS }, (all) => all.length > 0);
    expect(heartbeat?.events).to.deep.equal([]);
    const userId = await create(organizationId, 'ana@oakstreet.example');
    const messages = await watched({ cursor: heartbeat?.checkpoint }, (all) =>
      eventsIn(all).some((event) => event.resourceId === userId),
    );
    expect(messages.length).to.be.greaterThan(0);
  });

  it('a stream from a time shows what was written since', async () => {
    const organizationId = await newOrganization();
    await create(organizationId, 'before@oakstreet.example');
    await listed(organizationId, 1);
    const startTime = new Date();
    const userId = await create(organizationId, 'since@oakstreet.example');
    const filter = { organizationId, types: OF_USERS };
    const events = eventsIn(await watched({ ...filter, startTime }, (all) => eventsIn(all).length > 0));
    expect(events.map(({ resourceId }) => resourceId)).to.deep.equal([userId]);
  });

  it('a cursor that is none, or too old, is refused with its own reason', async () => {
    const cursor = cursorOf(1, Date.now() - 31 * 86_400_000);
    expect(await failureIn(list({ cursor }))).to.deep.equal({ code: 'OUT_OF_RANGE', reason: 'EVENT_CURSOR_EXPIRED' });
    for (const text of ['', 'x', 'AAAA']) {
      expect(await failureIn(list({ cursor: text }))).to.deep.equal({
        code: 'INVALID_ARGUMENT',
        reason: 'EVENT_CURSOR_INVALID',
      });
    }
    expect(await failureIn(watched({ cursor: 'x' }, () => true))).to.deep.equal({
      code: 'INVALID_ARGUMENT',
      reason: 'EVENT_CURSOR_INVALID',
    });
  });

  it('a cursor of another log, or of one that a restore took back, is refused with its own reason', async () => {
    const unknown = { code: 'INVALID_ARGUMENT', reason: 'EVENT_CURSOR_UNKNOWN' };
    const organizationId = await newOrganization();
    await create(organizationId, 'eva@oakstreet.example');
    await listed(organizationId, 1);
    const beyond = cursorOf(1_000_000, Date.now());
    expect(await failureIn(list({ cursor: beyond }))).to.deep.equal(unknown);
    expect(await failureIn(watched({ cursor: beyond }, () => true))).to.deep.equal(unknown);
    const webhook = Webhook.fromPartial({ organizationId, url: 'https://billing.example' });
    const webhookId = (await admin.createWebhook({ actor: actor(), webhook })).webhook?.id ?? '';
    const replay = (cursor: string) =>
      admin.updateWebhook({ actor: actor(), webhookId, change: { $case: 'replayCursor', value: cursor } });
    expect(await failureIn(replay(beyond))).to.deep.equal(unknown);
    const { events } = await list({ organizationId });
    expect((await replay(events[0]?.cursor ?? '')).webhook?.id).to.equal(webhookId);
    // As if the log had been restored to its beginning, and had grown to the place of this cursor again.
    const earlier = cursorOf(1, Date.now() - 3_600_000);
    expect(await failureIn(list({ cursor: earlier }))).to.deep.equal(unknown);
  });

  it('a stream of a caller without a credential, or of a role that may not watch, is refused', async () => {
    for (const [token, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [SERVICE_TOKENS.edge, 'PERMISSION_DENIED'],
    ] as const) {
      const client = userstoreClient(addressOf(0), token);
      const stream = client.watchEvents(WatchEventsRequest.fromPartial({}));
      expect((await failureIn(stream.next())).code).to.equal(code);
      client.close();
    }
  });

  it('a stream ends with UNAVAILABLE when its userstore stops, and goes on at another', async () => {
    const organizationId = await newOrganization();
    const filter = { organizationId, types: OF_USERS };
    const third = await startUserstore(mongodbUri);
    services.push(third);
    let checkpoint = '';
    const watching = watched(
      filter,
      (all) => {
        checkpoint = all.at(-1)?.checkpoint ?? '';
        return false;
      },
      2,
    );
    await eventually('the stream begins', () => Promise.resolve(checkpoint !== ''));
    services.pop();
    await third.userstore.stop();
    expect((await failureIn(watching)).code).to.equal('UNAVAILABLE');
    const userId = await create(organizationId, 'ana@oakstreet.example');
    const messages = await watched({ ...filter, cursor: checkpoint }, (all) => eventsIn(all).length > 0);
    expect(eventsIn(messages).map(({ resourceId }) => resourceId)).to.deep.equal([userId]);
  });
});
