/** The commands on sessions: who is signed in, and that somebody no longer is. */
import type { Command } from 'commander';
import { confirm, run } from './run.js';
import { sessionTable } from './sign-in-tables.js';
import type { Userstore } from './userstore.js';

interface Wanted {
  user?: string;
  session?: string;
  yes?: boolean;
}

/** Adds `session …`. */
export function sessionCommands(program: Command): void {
  const session = program.command('session').description('who of an organization is signed in');
  session
    .command('list <organizationId>')
    .description('list live sessions, oldest first')
    .option('--user <user>', 'of this user only: an id, or a user name')
    .action((organizationId: string, { user }: Wanted) =>
      run(async (userstore) => {
        const found = await userstore.listSessions(organizationId, await idOf(userstore, organizationId, user));
        return [found, sessionTable(found)];
      }),
    );
  session
    .command('end <organizationId>')
    .description('sign everybody out, or one user everywhere, or end one session; at once and for good')
    .option('--user <user>', 'this user only: an id, or a user name')
    .option('--session <id>', 'this session only')
    .option('--yes', 'do not ask')
    .action((organizationId: string, { user, session, yes }: Wanted) =>
      run(async (userstore) => {
        if (user !== undefined && session !== undefined) throw new Error('Give --user or --session, not both.');
        const userId = await idOf(userstore, organizationId, user);
        const live = await userstore.listSessions(organizationId, userId);
        const ended = session === undefined ? live : live.filter(({ id }) => id === session);
        if (session !== undefined) {
          await userstore.endSessions(organizationId, { sessionId: session });
        } else if (userId !== undefined) {
          await userstore.endSessions(organizationId, { userId });
        } else {
          const { displayName } = await userstore.getOrganization(organizationId);
          await confirm(`This signs out everybody of "${displayName}".`, organizationId, yes);
          await userstore.endSessions(organizationId, 'all');
        }
        return [ended, ended.length === 0 ? 'There was no live session.' : `Ended:\n${sessionTable(ended)}`];
      }),
    );
}

const idOf = async (userstore: Userstore, organizationId: string, user: string | undefined) =>
  user === undefined ? undefined : await userstore.userIdOf(organizationId, user);
