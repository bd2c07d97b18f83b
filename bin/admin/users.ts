/** The commands on users. They read, because Okta makes the changes, and they lock users. */
import { type Command, Option } from 'commander';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { wholeNumber } from '../whole-number.js';
import { activityValue, changeValue } from './activity-export.js';
import { time } from './activity-options.js';
import { changeText } from './activity-text.js';
import { findUser, findUserOrDeleted } from './find-user.js';
import { joinedLines, PrintableError, printable } from './printer.js';
import { type OrganizationWork, run, runIn } from './run.js';
import { usersEverywhereText, userTable } from './tables.js';
import { factsOf, obstacleOf } from './user-facts.js';
import { userText } from './user-text.js';
import { listedUsers, type UserConditions, usersEverywhere } from './users-list.js';

/** The forms in which a person names a user. */
const NAMES = '<user> is an id, user name, external id or e-mail address';

/** Adds `users …`. */
export function userCommands(program: Command): void {
  const users = program.command('users').description('the users of an organization');
  addLists(users);
  users
    .command('show <organization> <user>')
    .description(`show a user, whether they can sign in, and their last sign-in and change; ${NAMES}`)
    .action((organization: string, name: string) =>
      runIn(organization, async ({ userstore, organization, organizationId }) => {
        const { id } = await findUser(userstore, organizationId, name);
        const facts = await factsOf(userstore, organization, id);
        const { user, linkedIdentity, lastSignIn, refusedSignIn, lastChange, sessions } = facts;
        const value = {
          ...{ ...user, linkedIdentity, sessions, obstacle: obstacleOf(facts) },
          lastSignIn: lastSignIn && activityValue(lastSignIn),
          refusedSignIn: refusedSignIn && activityValue(refusedSignIn),
          lastChange: lastChange && changeValue(lastChange),
        };
        return [value, userText(facts)];
      }),
    );
  users
    .command('history <organization> <user>')
    .description(`show the changes of a user, also of a deleted one, oldest first; ${NAMES}`)
    .option('--limit <number>', 'number of newest changes', wholeNumber(1, 1000), 1000)
    .action((organization: string, user: string, { limit }: { limit: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const { userId } = await findUserOrDeleted(userstore, organizationId, user);
        const { changes } = await userstore.listChanges(organizationId, userId, limit);
        changes.reverse();
        const none = printable`No change of this user is stored: the changes are older than ACTIVITY_DAYS.`;
        return [changes.map(changeValue), changes.length === 0 ? none : joinedLines(changes.map(changeText))];
      }),
    );
  addChanges(users);
}

function addLists(users: Command): void {
  users
    .command('list <organization>')
    .description('list the active and disabled users, oldest first')
    .option('--search <text>', 'users with this text in the user name, a name or an e-mail address')
    .option('--user-name <name>', 'the user with this user name, in any letter case')
    .option('--external-id <id>', "the user with this external id: the user's id in the customer's Okta")
    .option('--email <address>', 'users with this e-mail address')
    .addOption(new Option('--active [yes|no]', 'only active users; "no": only disabled users').choices(['yes', 'no']))
    .option('--disabled', 'only disabled users')
    .option('--locked', 'only users that LeaseHawk support has locked')
    .option('--group <group>', 'members of this group: an id, name or external id')
    .option('--since <time>', 'changed from this time on: 2026-11-24T08:00 (UTC), or 90m, 2h, 7d ago', time)
    .option('--limit <number>', 'maximum number of users', wholeNumber(1, 1_000_000), 1000)
    .action((organization: string, options: UserConditions & { group?: string; limit: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const { users, totalSize } = await listedUsers(userstore, organizationId, options);
        return [users, printable`${userTable(users)}\n\n${users.length} of ${totalSize}`];
      }),
    );
  users
    .command('find <person>')
    .description('find a person in all organizations by user name, external id or e-mail address')
    .action((person: string) =>
      run(async (userstore) => {
        const found = await usersEverywhere(userstore, person);
        if (found.length === 0) {
          throw new PrintableError(
            printable`No organization has a user with the user name, external id or e-mail address ${person}.`,
          );
        }
        const value = found.flatMap(([{ displayName }, users]) =>
          users.map((user) => ({ organizationDisplayName: displayName, ...user })),
        );
        return [value, usersEverywhereText(found)];
      }),
    );
}

function addChanges(users: Command): void {
  const addChange = (name: string, description: string, change: Change) =>
    users
      .command(`${name} <organization> <user>`)
      .description(`${description}; ${NAMES}`)
      .action((organization: string, name: string, options: { reason?: string }) =>
        runIn(organization, async (work) => {
          const { userstore, organizationId } = work;
          const user = await findUser(userstore, organizationId, name);
          const sessions = await userstore.listSessions(organizationId, user.id);
          const changed = await change(work, user.id, options);
          const left = await userstore.listSessions(organizationId, user.id);
          const ended = sessions.length - left.length;
          const note = ended > 0 ? printable`\n\nEnded sessions: ${ended}` : printable``;
          return [changed, printable`${userTable([changed])}${note}`];
        }),
      );
  addChange(
    'lock',
    'sign a user out and refuse their sign-ins, even while Okta has the user active',
    ({ userstore, organizationId }, userId, { reason = '' }) => userstore.lockUser(organizationId, userId, reason),
  ).requiredOption('--reason <text>', 'the reason, shown with the user');
  addChange(
    'unlock',
    'unlock a user; Okta decides again whether they can sign in',
    ({ userstore, organizationId }, userId) => userstore.unlockUser(organizationId, userId),
  );
  addChange(
    'unlink',
    'remove the link to the user’s Okta account and sign the user out; the next sign-in links again',
    ({ userstore, organizationId }, userId) => userstore.unlinkUser(organizationId, userId),
  );
}

type Change = (work: OrganizationWork, userId: string, options: { reason?: string }) => Promise<User>;
