/** Schemas: models refuse what a schema lacks, and documents of the collections under load satisfy theirs. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { normalize } from '../../userstore/model/user.js';
import { SCHEMAS } from '../../userstore/storage/collections.js';
import { groupNamed } from '../harness/groups.js';
import { typed, userNamed } from '../harness/users.js';
import { changeOf, type Database, eventOfVersion, foundOf, openDatabase, soon } from './database.js';
import { failureOf } from './failure.js';
import { connectionValues, storedSession } from './sign-in-calls.js';

let database: Database;
const now = new Date();
const activity = {
  organizationId: 'one',
  time: now,
  method: '',
  path: '/Users',
  status: 200,
  durationMs: 1,
  change: undefined,
};

before(async () => {
  database = await openDatabase('validation');
});
after(() => database.close());

describe('models', () => {
  const failures: [title: string, write: () => Promise<unknown>, message: RegExp][] = [
    [
      'an insert with an unknown field',
      () => database.sessions.insert({ ...storedSession('a'), secret: 'x' } as never, soon()),
      /secret/,
    ],
    [
      'an insert without a required field',
      () => database.sessions.insert({ ...storedSession('b'), userId: undefined } as never, soon()),
      /userId/,
    ],
    [
      'a batch with an unknown field',
      () => database.activities.insert([{ ...activity, id: uuidv7(), secret: 'x' } as never], soon()),
      /secret/,
    ],
    [
      'a batch without a required field',
      () => database.activities.insert([{ ...activity, id: uuidv7(), path: undefined } as never], soon()),
      /path/,
    ],
    [
      'a batch with a value of another type',
      () => database.activities.insert([{ ...activity, id: uuidv7(), status: 'none' } as never], soon()),
      /status/,
    ],
    [
      'an update of an unknown field',
      () =>
        database.ssoConnections.replace(
          'one',
          { ...connectionValues('a'), secret: 'x' } as never,
          now,
          eventOfVersion(2),
          soon(),
        ),
      /secret/,
    ],
    [
      'an update to a value of another type',
      () =>
        database.ssoConnections.replace(
          'one',
          { ...connectionValues('a'), required: 'maybe' } as never,
          now,
          eventOfVersion(2),
          soon(),
        ),
      /required/,
    ],
    [
      'an update that clears a required field',
      () =>
        database.ssoConnections.replace(
          'one',
          { ...connectionValues('a'), issuer: null } as never,
          now,
          eventOfVersion(2),
          soon(),
        ),
      /issuer/,
    ],
    [
      'a query by an object instead of a text',
      () => database.sessions.find({ $ne: '' } as never, soon()),
      /digest|\$ne|Cast/,
    ],
  ];
  for (const [title, write, message] of failures) {
    it(`refuse ${title}`, async () => {
      const sent = await database.commandsOf(async () => {
        expect(await failureOf(write())).to.match(message);
      });
      expect(sent).to.deep.equal([]);
    });
  }

  it('store an empty string and omit undefined fields', async () => {
    const id = uuidv7();
    await database.activities.insert([{ ...activity, id, detail: undefined }], soon());
    const stored = await database.collections.activities.collection.findOne({ _id: id as never });
    expect(stored).to.include({ method: '' }).and.not.have.property('detail');
  });

  it('show a definition of an earlier version with the fields that it lacks', async () => {
    const attributes = [{ name: 'badge', type: 1 }];
    const lists = { extensionSchemas: [{ id: 'urn:x:1.0:User', attributes }] as never, heldAttributes: [] };
    const unset = { strictSchemas: false, ...lists, suspended: false, policy: undefined, rateLimit: undefined };
    const organization = { id: 'old', displayName: 'd', createTime: now, etag: '', ...unset };
    await database.organizations.insert(organization, eventOfVersion(), soon());
    const [schema] = (await database.organizations.get('old', soon()))?.extensionSchemas ?? [];
    expect(schema?.attributes[0])
      .to.include({ name: 'badge', immutable: false })
      .and.to.deep.include({ subAttributes: [] });
  });

  it('clear a setting that is set to nothing', async () => {
    const { organizations } = database;
    const rateLimit = { perSecond: 5, burst: 10 };
    const lists = { extensionSchemas: [], heldAttributes: [] };
    const unset = { strictSchemas: false, ...lists, suspended: false, policy: undefined };
    const organization = { id: 'o', displayName: 'd', createTime: now, etag: '', ...unset, rateLimit };
    await organizations.insert(organization, eventOfVersion(), soon());
    expect((await organizations.get('o', soon()))?.rateLimit).to.deep.equal(rateLimit);
    await organizations.update('o', { rateLimit: undefined }, eventOfVersion(2), soon());
    expect((await organizations.get('o', soon()))?.rateLimit).to.deep.equal({ perSecond: 100, burst: 400 });
  });
});

describe('documents of users, groups, memberships and changes', () => {
  const user = normalize({
    ...userNamed('ana', { active: true, emails: [typed('ana@x.example', 'work')], title: 'Head' }),
    extensionAttributes: [{ schema: 'urn:x:1.0:User', name: 'badge', valueJson: '{"number":7}' }],
    id: uuidv7(),
    organizationId: 'one',
    createTime: now,
    updateTime: now,
  });
  const group = {
    ...groupNamed('Finance', 'f1'),
    id: uuidv7(),
    organizationId: 'one',
    createTime: now,
    updateTime: now,
  };
  const change: Change = { ...changeOf(user, 1), userId: '', kind: Change_Kind.KIND_UPDATE };

  it('satisfy their schemas in every state', async () => {
    const { users, groups, memberships, changes } = database;
    await users.insert(user, soon());
    const accessState = {
      sessionEpoch: 2,
      locked: { time: now, by: 'x', reason: 'y' },
      link: { issuer: 'i', subject: 's' },
    };
    const found = { ...foundOf({ ...user, etag: 'W/"1"' }), accessState };
    await users.replaceFound(found, user, changeOf(user, 2), soon());
    const other = { ...user, id: uuidv7(), userName: 'ben' };
    await users.insert(other, soon());
    await users.removeVersion(foundOf(other, 1), changeOf(other, 2), soon());
    await groups.insert(group, change, soon());
    const pending = { id: 'p', time: now, change, isExact: false };
    await groups.begin({ group, etag: undefined }, undefined, pending, soon());
    await groups.reserve({ ...group, id: uuidv7() }, change, soon());
    await memberships.add('one', group.id, [user.id], soon());
    await changes.insert('one', [changeOf(user, 1)], Buffer.alloc(0), soon());

    const invalid: string[] = [];
    for (const name of ['users', 'groups', 'memberships', 'changes'] as const) {
      const model = database.connection.model(name, SCHEMAS[name], name);
      const documents = await database.connection.collection(name).find().toArray();
      expect(documents).not.to.have.length(0);
      for (const document of documents) {
        await new model(document).validate().catch((error: unknown) => invalid.push(`${name}: ${error}`));
      }
    }
    expect(invalid).to.deep.equal([]);
  });
});
