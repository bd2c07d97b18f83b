/** The storage of userstore over its own database on the test server, with every command that it sends. */
import type { Connection, mongo } from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { Event } from '../../proto/gen/userstore/v1/event.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { createGroupRules, type GroupRules } from '../../userstore/domain/groups.js';
import { versionOf } from '../../userstore/model/etag.js';
import { createActivityStorage } from '../../userstore/storage/activities.js';
import { createApiTokenStorage } from '../../userstore/storage/api-tokens.js';
import { createChangeStorage } from '../../userstore/storage/changes.js';
import { type Collections, collectionsOf, createIndexes } from '../../userstore/storage/collections.js';
import { connect } from '../../userstore/storage/connect.js';
import { NEW_ACCESS_STATE } from '../../userstore/storage/documents.js';
import { createEventStorage } from '../../userstore/storage/events.js';
import { createGroupStorage, type GroupStorage } from '../../userstore/storage/groups.js';
import { createMemberConditions } from '../../userstore/storage/member-filter.js';
import { createMembershipStorage, type MembershipStorage } from '../../userstore/storage/memberships.js';
import { createOrganizationStorage } from '../../userstore/storage/organizations.js';
import { createRecordOutboxes } from '../../userstore/storage/records.js';
import { createSessionStorage } from '../../userstore/storage/sessions.js';
import { createSetupLinkStorage } from '../../userstore/storage/setup-links.js';
import { createSsoConnectionStorage } from '../../userstore/storage/sso-connections.js';
import { createUsedKeyStorage } from '../../userstore/storage/used-keys.js';
import type { FoundUser } from '../../userstore/storage/user-reads.js';
import { createUserStorage } from '../../userstore/storage/users.js';
import { testMongodbUri } from '../harness/mongod.js';

export type Database = ReturnType<typeof databaseOver>;

/** Returns the rules of groups for calls that nobody repeats. */
export const groupRules = (groups: GroupStorage, memberships: MembershipStorage): GroupRules =>
  createGroupRules(groups, memberships, (_, __, { make }, deadline) => make(undefined, deadline));

/** Opens a new database by a URI that asks for less durability than storage promises; `close` drops it. */
export async function openDatabase(name: string): Promise<Database> {
  const uri = testMongodbUri(`storage-${name}-${process.pid}`);
  const connection = await connect(`${uri}${uri.includes('?') ? '&' : '?'}monitorCommands=true&w=1&journal=false`);
  const collections = collectionsOf(connection);
  await createIndexes(connection);
  const commands: mongo.CommandStartedEvent[] = [];
  connection.getClient().on('commandStarted', (event) => commands.push(event));
  return databaseOver(connection, collections, commands);
}

/** Deletes all documents. Returns the storages anew, which remember nothing: to make the indexes anew takes longer. */
export async function emptied({ connection, collections, commands }: Database): Promise<Database> {
  const all = (await connection.db?.collections()) ?? [];
  await Promise.all(all.map((collection) => collection.deleteMany()));
  return databaseOver(connection, collections, commands);
}

function databaseOver(connection: Connection, collections: Collections, commands: mongo.CommandStartedEvent[]) {
  return {
    connection,
    collections,
    commands,
    users: plainUsers(collections),
    ...recordsOf(collections),
    ...groupsIn(collections),
    organizations: createOrganizationStorage(collections.organizations),
    apiTokens: createApiTokenStorage(collections.apiTokens),
    ssoConnections: createSsoConnectionStorage(collections.ssoConnections),
    sessions: createSessionStorage(collections.sessions),
    setupLinks: createSetupLinkStorage(collections.setupLinks),
    usedKeys: createUsedKeyStorage(collections.usedKeys),
    /** The commands that `work` sends, by their names and content. */
    async commandsOf(work: () => Promise<unknown>): Promise<{ name: string; command: mongo.Document }[]> {
      const before = commands.length;
      await work();
      return commands.slice(before).map(({ commandName: name, command }) => ({ name, command }));
    },
    async close(): Promise<void> {
      await connection.dropDatabase();
      await connection.close();
    },
  };
}

/** Ten seconds from now. */
export const soon = (): number => Date.now() + 10_000;

/** Retention of changes and activities. */
export const DAYS = 90;

/** The storages of changes and activities, and the flush of records. */
const recordsOf = (collections: Collections) => ({
  changes: createChangeStorage(collections, createEventStorage(collections, DAYS), DAYS),
  flushRecords: createRecordOutboxes(collections.records, createEventStorage(collections, DAYS)).flush,
  activities: createActivityStorage(collections.activities, DAYS),
});

/** The storages of groups and memberships. */
function groupsIn(collections: Collections) {
  const memberships = createMembershipStorage(collections);
  const { changes } = recordsOf(collections);
  return {
    memberships,
    groups: createGroupStorage(collections.groups, changes, createMemberConditions(collections, memberships)),
  };
}

/** A change of a user without attributes. */
export const changeOf = ({ id: userId }: User, version: number): Change => {
  const actor = { caller: 'test', requestId: `request of ${version}` };
  return { userId, version, kind: Change_Kind.KIND_UPDATE, time: new Date(), actor, attributes: [] };
};

/** An event that makes this version of a record. */
export const eventOfVersion = (resourceVersion = 1, id = uuidv7()): Event =>
  Event.fromPartial({
    id: `${id}/${resourceVersion}`,
    organizationId: 'one',
    type: 'webhook.paused',
    time: new Date(),
    resourceType: 'Webhook',
    resourceId: id,
    resourceVersion,
    complete: true,
  });

/** A user as `find` returns one, with the access state of a new user. */
export const foundOf = (user: User, version = versionOf(user.etag) ?? -1): FoundUser => ({
  user,
  version,
  accessState: NEW_ACCESS_STATE,
  outbox: [],
});

/** The storage of users for tests of users alone: every write has an arbitrary change. */
export function plainUsers(collections: Collections) {
  const storage = createUserStorage(collections.users, recordsOf(collections).changes);
  return {
    ...storage,
    removeVersion: storage.remove,
    replaceFound: storage.replace,
    insert: (user: User, deadline: number) => storage.insert(user, changeOf(user, 1), deadline),
    get: async (organizationId: string, id: string, deadline: number) =>
      (await storage.find(organizationId, id, deadline))?.user,
    /** Replaces the version that the etag and `updateTime` name, by default the user's own. */
    replace(user: User, deadline: number, updateTime = user.updateTime) {
      const found = foundOf({ ...user, updateTime });
      return storage.replace(found, user, changeOf(user, found.version + 1), deadline);
    },
    async remove(organizationId: string, id: string, etag: string | undefined, deadline: number): Promise<boolean> {
      const found = await storage.find(organizationId, id, deadline);
      if (!found || (etag !== undefined && etag !== found.user.etag)) return false;
      return await storage.remove(found, changeOf(found.user, found.version + 1), deadline);
    },
  };
}
