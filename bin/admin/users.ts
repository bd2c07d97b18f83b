/** The commands on users. They read, because Okta makes the changes, and they lock users. */
import { type Command, Option } from 'commander';
import { allOf, equal } from '../../proto/filters.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { wholeNumber } from '../whole-number.js';
import { changeText } from './activity-text.js';
import { joinedLines, printable } from './printer.js';
import { run } from './run.js';
import { userTable, userText } from './tables.js';
import type { Userstore } from './userstore.js';

interface ListOptions {
  userName?: string;
  externalId?: string;
  email?: string;
  active?: string;
  limit: number;
}

/** Adds `users …`. */
export function userCommands(program: Command): void {
  const users = program.command('users').description('the users of an organization');
  users
    .command('list <organizationId>')
    .description('list the active and disabled users, oldest first')
    .option('--user-name <name>', 'the user with this user name, in any letter case')
    .option('--external-id <id>', "the user with this external id: the user's id in the customer's Okta")
    .option('--email <address>', 'users with this e-mail address')
    .addOption(new Option('--active <yes|no>', 'only active or only disabled users').choices(['yes', 'no']))
    .option('--limit <number>', 'maximum number of users', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, options: ListOptions) =>
      run(async (userstore) => {
        await userstore.getOrganization(organizationId);
        const { users, totalSize } = await userstore.listUsers(organizationId, filterOf(options), options.limit);
        return [users, printable`${userTable(users)}\n\n${users.length} of ${totalSize}`];
      }),
    );
  users
    .command('show <organizationId> <userId>')
    .description('show all stored fields of a user')
    .action((organizationId: string, userId: string) =>
      run(async (userstore) => {
        await userstore.getOrganization(organizationId);
        const user = await userstore.getUser(organizationId, userId.toLowerCase());
        return [user, userText(user)];
      }),
    );
  users
    .command('history <organizationId> <userId>')
    .description('show the changes of a user, also of a deleted one, oldest first')
    .option('--limit <number>', 'number of newest changes', wholeNumber(1, 1000), 1000)
    .action((organizationId: string, userId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const { changes } = await userstore.listChanges(organizationId, userId.toLowerCase(), limit);
        changes.reverse();
        const none = printable`There are no changes of this user.`;
        return [changes, changes.length === 0 ? none : joinedLines(changes.map(changeText))];
      }),
    );
  const addChange = (name: string, description: string, change: Change) =>
    users
      .command(`${name} <organizationId> <user>`)
      .description(`${description}; <user> is an id or a user name`)
      .action((organizationId: string, user: string, options: { reason?: string }) =>
        run(async (userstore) => {
          const userId = await userstore.userIdOf(organizationId, user);
          const changed = await change(userstore, organizationId, userId, options);
          return [changed, userTable([changed])];
        }),
      );
  addChange(
    'lock',
    'sign a user out and refuse their sign-ins, even while Okta has the user active',
    (userstore, organizationId, userId, { reason = '' }) => userstore.lockUser(organizationId, userId, reason),
  ).requiredOption('--reason <text>', 'the reason, shown with the user');
  addChange(
    'unlock',
    'unlock a user; Okta decides again whether they can sign in',
    (userstore, organizationId, userId) => userstore.unlockUser(organizationId, userId),
  );
  addChange(
    'unlink',
    'remove the link to the user’s Okta account and sign the user out; the next sign-in links again',
    (userstore, organizationId, userId) => userstore.unlinkUser(organizationId, userId),
  );
}

type Change = (
  userstore: Userstore,
  organizationId: string,
  userId: string,
  options: { reason?: string },
) => Promise<User>;

function filterOf({ userName, externalId, email, active }: ListOptions): Filter | undefined {
  const filters = [
    ...(userName === undefined ? [] : [equal('user_name', userName)]),
    ...(externalId === undefined ? [] : [equal('external_id', externalId)]),
    ...(email === undefined ? [] : [equal('emails.value', email)]),
    ...(active === undefined ? [] : [equal('active', active === 'yes')]),
  ];
  return filters.length === 0 ? undefined : allOf(...filters);
}
