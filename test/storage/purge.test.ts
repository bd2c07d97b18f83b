/** The purge of a deleted organization, which deletes nothing of another. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { createOrganizationRules } from '../../userstore/domain/organizations.js';
import { purgeDeleted } from '../../userstore/domain/purge.js';
import { createBodyStorage } from '../../userstore/storage/bodies.js';
import { createEventStorage } from '../../userstore/storage/events.js';
import { userNamed } from '../harness/users.js';
import { DAYS, type Database, eventOfVersion, openDatabase, soon } from './database.js';
import { connectionValues, storedSession } from './sign-in-calls.js';

const actor = { caller: 'test', requestId: 'a request' };
let database: Database;

describe('a deleted organization', () => {
  before(async () => {
    database = await openDatabase('deletion');
  });
  after(() => database.close());

  it('is purged with its users, tokens, connection, setup links and sessions once all its requests have ended; repeating it is safe', async () => {
    const rules = createOrganizationRules(database.organizations);
    const [gone, stays] = [await rules.create('gone', actor, soon()), await rules.create('stays', actor, soon())];
    const bodies = createBodyStorage(database.collections.bodies, 90);
    for (const { id: organizationId } of [gone, stays]) {
      const times = { createTime: new Date(), updateTime: new Date() };
      for (const name of ['ana', 'bob']) {
        await database.users.insert({ ...userNamed(name), id: uuidv7(), organizationId, ...times }, soon());
      }
      const unused = { revokeTime: undefined, expireTime: undefined, lastUseTime: undefined, createdBy: 'test' };
      const token = { id: uuidv7(), organizationId, label: 'x', createTime: new Date(), ...unused };
      await database.apiTokens.insert(token, `digest of ${organizationId}`, eventOfVersion(), soon());
      await database.ssoConnections.insert(organizationId, connectionValues(organizationId), eventOfVersion(), soon());
      const [createTime, expireTime] = [new Date(), new Date(Date.now() + 86_400_000)];
      const link = SetupLink.fromPartial({ id: uuidv7(), organizationId, recipient: 'ana', createTime, expireTime });
      await database.setupLinks.insert(link, `link of ${organizationId}`, eventOfVersion(), soon());
      const kept = { text: '{}', cut: false };
      const body = { organizationId, activityId: uuidv7(), time: new Date(), request: kept, response: undefined };
      await bodies.insert([body], soon());
      await database.sessions.insert(storedSession(`of ${organizationId}`, { organizationId }), soon());
    }
    await rules.delete(gone.id, actor, soon());
    const left = async (id: string) => [
      (await database.users.list(id, { limit: 10 }, soon())).total,
      (await database.apiTokens.list(id, '', 10, soon())).length,
      (await database.ssoConnections.get(id, soon())) ? 1 : 0,
      (await database.sessions.find(`of ${id}`, soon())) ? 1 : 0,
      (await database.setupLinks.list(id, '', 10, soon())).length,
      await bodies.count(id, new Date(0), 10, soon()),
    ];
    const { apiTokens, users, changes, activities, ssoConnections, sessions, setupLinks } = database;
    const events = createEventStorage(database.collections, DAYS);
    const owned = [users, apiTokens, ssoConnections, sessions, setupLinks, changes, events, activities, bodies];
    const purge = (now?: number) => purgeDeleted(database.organizations, owned, now);
    expect(await purge()).to.equal(0);
    expect(await left(gone.id)).to.deep.equal([2, 1, 1, 1, 1, 1]);
    const later = Date.now() + 200_000;
    const listed = async () =>
      (await events.list({ types: [] }, { after: 0, upTo: 1000 }, 100, soon())).items.map(({ event }) => event);
    // The organization's document stays while its deletion is not in the log.
    expect(await purge(later)).to.equal(1);
    await database.flushRecords(soon());
    expect((await listed()).map(({ type }) => type)).to.include('organization.created');
    expect(await Promise.all([purge(later), purge(later)])).to.include(1);
    expect(await left(gone.id)).to.deep.equal([0, 0, 0, 0, 0, 0]);
    const ofGone = (await listed()).filter(({ organizationId }) => organizationId === gone.id);
    expect(ofGone.map(({ type }) => type)).to.deep.equal(['organization.deleted']);
    expect(await left(stays.id)).to.deep.equal([2, 1, 1, 1, 1, 1]);
    expect(await purge(later)).to.equal(0);
    expect((await rules.list({}, soon())).organizations.map(({ id }) => id)).to.deep.equal([stays.id]);
  });
});
