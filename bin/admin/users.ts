/** The commands on users: looking, as Okta is who changes them, and keeping one out. */
import { type Command, Option } from 'commander';
import { allOf, equal } from '../../proto/filters.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { wholeNumber } from '../whole-number.js';
import { changeText } from './activity-text.js';
import { run } from './run.js';
import { userTable, userText } from './tables.js';
import type { Userstore } from './userstore.js';

/** As many users as one page of userstore has. */
const PAGE_SIZE = 200;

interface Wanted {
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
    .description('list users, active and disabled, oldest first')
    .option('--user-name <name>', 'with this user name, in any letter case')
    .option('--external-id <id>', "with this id in the customer's Okta")
    .option('--email <address>', 'with this e-mail address')
    .addOption(new Option('--active <yes|no>', 'active or disabled ones only').choices(['yes', 'no']))
    .option('--limit <number>', 'at most so many', wholeNumber(1, 1_000_000), 1000)
    .action((organizationId: string, wanted: Wanted) =>
      run(async (userstore) => {
        await userstore.getOrganization(organizationId);
        const found = [];
        let total: number;
        let pageToken: string | undefined;
        do {
          const size = Math.min(wanted.limit - found.length, PAGE_SIZE);
          const page = await userstore.listUsers(organizationId, filterOf(wanted), size, pageToken);
          found.push(...page.users);
          total = page.totalSize;
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined && found.length < wanted.limit);
        return [found, `${userTable(found)}\n\n${found.length} of ${total}`];
      }),
    );
  users
    .command('show <organizationId> <userId>')
    .description('show everything that is stored of a user')
    .action((organizationId: string, userId: string) =>
      run(async (userstore) => {
        await userstore.getOrganization(organizationId);
        const user = await userstore.getUser(organizationId, userId.toLowerCase());
        return [user, userText(user)];
      }),
    );
  users
    .command('history <organizationId> <userId>')
    .description('show what every change made of a user, also of one who is removed; oldest first')
    .option('--limit <number>', 'the newest so many', wholeNumber(1, 1000), 1000)
    .action((organizationId: string, userId: string, { limit }: { limit: number }) =>
      run(async (userstore) => {
        const { changes } = await userstore.listChanges(organizationId, userId.toLowerCase(), limit);
        changes.reverse();
        return [
          changes,
          changes.length === 0 ? 'There are no changes of this user.' : changes.map(changeText).join('\n'),
        ];
      }),
    );
  const changing = (name: string, description: string, change: Change) =>
    users
      .command(`${name} <organizationId> <user>`)
      .description(`${description}; the user is an id, or a user name`)
      .action((organizationId: string, user: string, options: { reason?: string }) =>
        run(async (userstore) => {
          const userId = await userstore.userIdOf(organizationId, user);
          const changed = await change(userstore, organizationId, userId, options);
          return [changed, userTable([changed])];
        }),
      );
  changing(
    'lock',
    'sign a user out and keep him out, whatever his Okta says',
    (userstore, organizationId, userId, { reason = '' }) => userstore.lockUser(organizationId, userId, reason),
  ).requiredOption('--reason <text>', 'why, for whoever looks at him later');
  changing('unlock', 'let a locked user in again, if his Okta does', (userstore, organizationId, userId) =>
    userstore.unlockUser(organizationId, userId),
  );
  changing(
    'unlink',
    'forget which account at the provider is a user’s, and sign him out; the next sign-in links him anew',
    (userstore, organizationId, userId) => userstore.unlinkUser(organizationId, userId),
  );
}

type Change = (
  userstore: Userstore,
  organizationId: string,
  userId: string,
  options: { reason?: string },
) => Promise<User>;

function filterOf({ userName, externalId, email, active }: Wanted): Filter | undefined {
  const filters = [
    ...(userName === undefined ? [] : [equal('user_name', userName)]),
    ...(externalId === undefined ? [] : [equal('external_id', externalId)]),
    ...(email === undefined ? [] : [equal('emails.value', email)]),
    ...(active === undefined ? [] : [equal('active', active === 'yes')]),
  ];
  return filters.length === 0 ? undefined : allOf(...filters);
}
