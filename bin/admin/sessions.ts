/** The commands on sessions: list and end. */
import type { Command } from 'commander';
import type { Session } from '../../proto/gen/userstore/v1/session_service.js';
import { findUser } from './find-user.js';
import { printable } from './printer.js';
import { confirm, type OrganizationWork, runIn } from './run.js';
import { sessionTable } from './sign-in-tables.js';
import { countText } from './sign-out.js';

interface SessionOptions {
  user?: string;
  session?: string;
  yes?: boolean;
}

const OF_USER = 'only of this user: an id, user name, external id or e-mail address';

/** Adds `session …`. */
export function sessionCommands(program: Command): void {
  const session = program.command('session').description('the sessions of an organization’s people');
  session
    .command('list <organization>')
    .description('list live sessions, oldest first')
    .option('--user <user>', OF_USER)
    .action((organization: string, options: SessionOptions) =>
      runIn(organization, async (work) => {
        const { live } = await liveSessions(work, options);
        return [live, sessionTable(live)];
      }),
    );
  session
    .command('end <organization>')
    .description('end all sessions, those of one user, or one session; at once and permanently')
    .option('--user <user>', OF_USER)
    .option('--session <id>', 'only this session')
    .option('--yes', 'do not ask')
    .action((organization: string, options: SessionOptions) =>
      runIn(organization, async (work) => {
        const ended = await end(work, options);
        return [
          ended,
          ended.length === 0 ? printable`There was no live session.` : printable`Ended:\n${sessionTable(ended)}`,
        ];
      }),
    );
}

async function liveSessions({ userstore, organizationId }: OrganizationWork, { user }: SessionOptions) {
  const userId = user === undefined ? undefined : (await findUser(userstore, organizationId, user)).id;
  return { userId, live: await userstore.listSessions(organizationId, userId) };
}

/** Ends the sessions that the options name, after a question. Returns them. */
async function end(work: OrganizationWork, options: SessionOptions): Promise<Session[]> {
  const { userstore, organization, organizationId } = work;
  const { user, session, yes } = options;
  if (user !== undefined && session !== undefined) throw new Error('Give --user or --session, not both.');
  const { userId, live } = await liveSessions(work, options);
  const ended = session === undefined ? live : live.filter(({ id }) => id === session);
  if (ended.length > 0) {
    const whose = session !== undefined || userId !== undefined ? ended[0]?.userName : organization.displayName;
    await confirm(printable`This ends ${countText(ended)}: ${whose ?? '-'}.`, organizationId, yes);
  }
  const one = session === undefined ? undefined : { sessionId: session };
  await userstore.endSessions(organizationId, one ?? (userId === undefined ? 'all' : { userId }));
  return ended;
}
