/** The commands on service accounts. */
import { type Command, Option } from 'commander';
import { Role, type ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { wholeNumber } from '../whole-number.js';
import { findOrganization } from './find-organization.js';
import { type Printable, printable } from './printer.js';
import { confirm, type Result, run } from './run.js';
import { aligned } from './tables.js';
import { minute } from './times.js';
import type { Userstore } from './userstore.js';

const HOUR = 3600;
const ROLES = {
  reader: Role.ROLE_READER,
  viewer: Role.ROLE_VIEWER,
  support: Role.ROLE_SUPPORT,
  edge: Role.ROLE_EDGE,
  admin: Role.ROLE_ADMIN,
};
type RoleName = keyof typeof ROLES;

/** Adds `service …`. */
export function serviceCommands(program: Command): void {
  const service = program
    .command('service')
    .description('the services and people that call userstore, with their secrets');
  service
    .command('add <name>')
    .description('create a service account and print its secret, which is never shown again')
    .addOption(new Option('--role <role>', 'what it may do').choices(Object.keys(ROLES)).makeOptionMandatory())
    .option('--organization <organization...>', 'the organizations that it is held to (default: it may see all)', [])
    .action((name: string, { role, organization }: { role: RoleName; organization: string[] }) =>
      run(async (userstore) => {
        const found = await Promise.all(organization.map((one) => findOrganization(userstore, one)));
        const ids = found.map(({ id }) => id);
        const { account, secret } = await userstore.createServiceAccount(name, ROLES[role], ids);
        return withSecret(account, secret, printable``);
      }),
    );
  service
    .command('list')
    .description('list the service accounts, oldest first')
    .action(() =>
      run(async (userstore) => {
        const accounts = await userstore.listServiceAccounts();
        return [accounts.map(named), accountTable(accounts)];
      }),
    );
  service
    .command('rotate <name>')
    .description('replace the secret of a service account; the old one stays valid for a while')
    .option('--hours <number>', 'hours that the old secret stays valid', wholeNumber(0, 720), 24)
    .action((name: string, { hours }: { hours: number }) =>
      run(async (userstore) => {
        const { id } = await accountNamed(userstore, name);
        const { account, secret } = await userstore.rotateServiceAccountSecret(id, hours * HOUR);
        const end = account.overlapEndTime?.toISOString();
        const old = end === undefined ? printable`` : printable`\nThe old secret is valid until ${end}.`;
        return withSecret(account, secret, old);
      }),
    );
  service
    .command('remove <name>')
    .description('delete a service account; every userstore refuses it within 3 seconds')
    .option('--yes', 'do not ask')
    .action((name: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { id } = await accountNamed(userstore, name);
        await confirm(printable`This refuses all further calls of "${name}".`, 'remove', yes);
        await userstore.deleteServiceAccount(id);
        return [{ id, name }, printable`Deleted ${name}.`];
      }),
    );
}

async function accountNamed(userstore: Userstore, name: string): Promise<ServiceAccount> {
  const account = (await userstore.listServiceAccounts()).find((one) => one.name === name);
  if (account) return account;
  throw new Error(`There is no service account "${name}".`);
}

function withSecret(account: ServiceAccount, secret: string, more: Printable): Result {
  const text = printable`Service  ${account.name} (${named(account).role})\nSecret   ${secret}\n\nThe secret is not shown again: hand it over now.${more}`;
  return [{ ...named(account), secret }, text];
}

function accountTable(accounts: ServiceAccount[]): Printable {
  if (accounts.length === 0) return printable`There are no service accounts.`;
  const rows = accounts.map((account) => [
    account.name,
    named(account).role,
    minute(account.createTime),
    account.createdBy || '-',
    minute(account.lastUseTime),
    minute(account.overlapEndTime),
    account.organizationIds.join(', ') || 'all',
  ]);
  const table = aligned([['NAME', 'ROLE', 'CREATED', 'BY', 'LAST USED', 'OLD SECRET UNTIL', 'ORGANIZATIONS'], ...rows]);
  return printable`${table}\n\nLAST USED lags behind by up to 5 minutes.`;
}

/** Returns an account with the name of its role. */
const named = (account: ServiceAccount) => ({
  ...account,
  role: (Role[account.role] ?? '').replace('ROLE_', '').toLowerCase(),
});
