/** The storage of userstore over a database of its own on the test server, with every command it sends. */
import type { mongo } from 'mongoose';
import { type Change, Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { activityStorage } from '../../userstore/storage/activities.js';
import { apiTokenStorage } from '../../userstore/storage/api-tokens.js';
import { changeStorage } from '../../userstore/storage/changes.js';
import { connect } from '../../userstore/storage/connect.js';
import { NEW_ACCOUNT, versionOf } from '../../userstore/storage/documents.js';
import { groupStorage } from '../../userstore/storage/groups.js';
import { memberConditions } from '../../userstore/storage/member-filter.js';
import { membershipStorage } from '../../userstore/storage/memberships.js';
import { createIndexes, type Models, models } from '../../userstore/storage/models.js';
import { organizationStorage } from '../../userstore/storage/organizations.js';
import { sessionStorage } from '../../userstore/storage/sessions.js';
import { ssoConnectionStorage } from '../../userstore/storage/sso-connections.js';
import { usedKeyStorage } from '../../userstore/storage/used-keys.js';
import { type Found, userStorage } from '../../userstore/storage/users.js';
import { testMongodbUri } from '../harness/mongod.js';

export type Database = Awaited<ReturnType<typeof openDatabase>>;

/** Opens a new database by a URI that asks for less durability than storage promises; `close` drops it. */
export async function openDatabase(name: string) {
  const uri = testMongodbUri(`storage-${name}-${process.pid}`);
  const connection = await connect(`${uri}${uri.includes('?') ? '&' : '?'}monitorCommands=true&w=1&journal=false`);
  const collections = models(connection);
  await createIndexes(collections);
  const commands: mongo.CommandStartedEvent[] = [];
  connection.getClient().on('commandStarted', (event) => commands.push(event));
  return {
    connection,
    collections,
    users: plainUsers(collections),
    ...recordsOf(collections),
    ...groupsIn(collections),
    organizations: organizationStorage(collections.organizations),
    apiTokens: apiTokenStorage(collections.apiTokens),
    ssoConnections: ssoConnectionStorage(collections.ssoConnections),
    sessions: sessionStorage(collections.sessions),
    usedKeys: usedKeyStorage(collections.usedKeys),
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

/** Changes and activities are kept for so many days. */
export const DAYS = 90;

/** The storages of what is recorded beside users. */
export const recordsOf = (collections: Models) => ({
  changes: changeStorage(collections, DAYS),
  activities: activityStorage(collections.activities, DAYS),
});

/** The storages of groups and memberships. */
export function groupsIn(collections: Models) {
  const memberships = membershipStorage(collections);
  const { changes } = recordsOf(collections);
  return { memberships, groups: groupStorage(collections.groups, changes, memberConditions(collections, memberships)) };
}

/** A change that says no more than whose it is. */
export const changeOf = ({ id: userId }: User, version: number): Change => {
  const actor = { caller: 'test', requestId: `request of ${version}` };
  return { userId, version, kind: Change_Kind.KIND_UPDATE, time: new Date(), actor, attributes: [] };
};

/** A user as he would have been found, without an account to speak of. */
export const foundOf = (user: User, version = versionOf(user.etag) ?? -1): Found => ({
  user,
  version,
  account: NEW_ACCOUNT,
  unmoved: [],
});

/** The storage of users for tests that look at users alone: every write has a change that does not matter. */
export function plainUsers(collections: Models) {
  const storage = userStorage(collections.users, recordsOf(collections).changes);
  return {
    ...storage,
    removeVersion: storage.remove,
    insert: (user: User, deadline: number) => storage.insert(user, changeOf(user, 1), deadline),
    get: async (organizationId: string, id: string, deadline: number) =>
      (await storage.find(organizationId, id, deadline))?.user,
    replace(user: User, deadline: number) {
      const found = foundOf(user);
      return storage.replace(found, user, changeOf(user, found.version + 1), deadline);
    },
    async remove(organizationId: string, id: string, etag: string | undefined, deadline: number): Promise<boolean> {
      const found = await storage.find(organizationId, id, deadline);
      if (!found || (etag !== undefined && etag !== found.user.etag)) return false;
      return await storage.remove(found, changeOf(found.user, found.version + 1), deadline);
    },
  };
}
