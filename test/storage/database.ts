/** The storage of userstore over a database of its own on the test server, with every command it sends. */
import type { mongo } from 'mongoose';
import { apiTokenStorage } from '../../userstore/storage/api-tokens.js';
import { connect } from '../../userstore/storage/connect.js';
import { createIndexes, models } from '../../userstore/storage/models.js';
import { organizationStorage } from '../../userstore/storage/organizations.js';
import { userStorage } from '../../userstore/storage/users.js';
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
    users: userStorage(collections.users),
    organizations: organizationStorage(collections.organizations),
    apiTokens: apiTokenStorage(collections.apiTokens),
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
