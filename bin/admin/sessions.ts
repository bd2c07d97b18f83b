/** The commands on sessions: list and end. */
import type { Command } from 'commander';
import { printable } from './printer.js';
import { confirm, run } from './run.js';
import { sessionTable } from './sign-in-tables.js';
import type { Userstore } from './userstore.js';

interface SessionOptions {
  user?: string;
  session?: string;
  yes?: boolean;
}

/** Adds `session …`. */
export function sessionCommands(program: Command): void {
  const session = program.command('session').description('the sessions of an organization’s people');
  session
    .command('list <organizationId>')
    .description('list live sessions, oldest first')
    .option('--user <user>', 'only of this user: an id or a user name')
    .action((organizationId: string, { user }: SessionOptions) =>
      run(async (userstore) => {
        const found = await userstore.listSessions(organizationId, await idOf(userstore, organizationId, user));
        return [found, sessionTable(found)];
      }),
    );
  session
    .command('end <organizationId>')
    .description('end all sessions, those of one user, or one session; at once and permanently')
    .option('--user <user>', 'only of this user: an id or a user name')
    .option('--session <id>', 'only this session')
    .option('--yes', 'do not ask')
    .action((organizationId: string, { user, session, yes }: SessionOptions) =>
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
          await confirm(printable`This signs out everybody of "${displayName}".`, organizationId, yes);
          await userstore.endSessions(organizationId, 'all');
        }
        return [
          ended,
          ended.length === 0 ? printable`There was no live session.` : printable`Ended:\n${sessionTable(ended)}`,
        ];
      }),
    );
}

const idOf = async (userstore: Userstore, organizationId: string, user: string | undefined) =>
  user === undefined ? undefined : await userstore.userIdOf(organizationId, user);
