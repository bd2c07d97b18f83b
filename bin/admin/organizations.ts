/** The commands on organizations. */
import { type Command, Option } from 'commander';
import { type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import { wholeNumber } from '../whole-number.js';
import type { Config } from './config.js';
import { printable } from './printer.js';
import { confirm, type Result, run } from './run.js';
import { organizationTable, organizationText } from './tables.js';

/** The options of `org set`. */
interface Settings {
  name?: string;
  strict?: string;
  create?: string;
  update?: string;
  deactivate?: string;
  rehire?: string;
  rate?: number;
  burst?: number;
}

const result = (organization: Organization, { publicUrl }: Config): Result => [
  organization,
  organizationText(organization, publicUrl),
];

const onOff = (flags: string, description: string) => new Option(flags, description).choices(['on', 'off']);

/** Adds `org …`. */
export function organizationCommands(program: Command): void {
  const org = program.command('org').description("LeaseHawk's customers");
  org
    .command('create <name>')
    .description('create an organization')
    .action((name: string) =>
      run(async (userstore) => {
        const organization = await userstore.createOrganization(name);
        const next = printable`Next, issue a token for its Okta: npm run admin -- token issue ${organization.id}`;
        return [organization, printable`${organizationTable([organization])}\n\n${next}`];
      }),
    );
  org
    .command('list')
    .description('list all organizations, oldest first')
    .action(() =>
      run(async (userstore) => {
        const organizations = await userstore.listOrganizations();
        return [organizations, organizationTable(organizations)];
      }),
    );
  org
    .command('show <organizationId>')
    .description('show an organization, the values that its Okta admin enters, and its settings')
    .action((id: string) => run(async (userstore, config) => result(await userstore.getOrganization(id), config)));
  org
    .command('set <organizationId>')
    .description('change settings of an organization; every edge applies them within 3 seconds')
    .option('--name <text>', 'the name of the organization')
    .addOption(onOff('--strict <on|off>', 'refuse attributes that no schema of the organization has'))
    .addOption(onOff('--create <on|off>', 'let its Okta create users'))
    .addOption(onOff('--update <on|off>', 'let its Okta change users'))
    .addOption(onOff('--deactivate <on|off>', 'let its Okta disable users'))
    .addOption(
      new Option('--rehire <rule>', 'result of creating a user with the user name of a disabled user').choices([
        'conflict',
        'reactivate',
      ]),
    )
    .option('--rate <number>', 'sustained requests per second: 1 to 10,000', wholeNumber(1, 10_000))
    .option(
      '--burst <number>',
      'requests at once: at least the rate; the excess over the rate refills once a minute',
      wholeNumber(1, 100_000),
    )
    .action((id: string, settings: Settings) =>
      run(async (userstore, config) => {
        if (Object.keys(settings).length === 0) throw new Error('There is nothing to set; see --help.');
        const change = (organization: Organization) => changeOf(organization, settings);
        return result(await userstore.updateOrganization(id, change), config);
      }),
    );
  for (const [name, suspended, description] of [
    ['suspend', true, 'refuse requests of its Okta and sign-ins of its users'],
    ['resume', false, 'serve a suspended organization again'],
  ] as const) {
    org
      .command(`${name} <organizationId>`)
      .description(description)
      .action((id: string) =>
        run(async (userstore, config) => result(await userstore.updateOrganization(id, () => ({ suspended })), config)),
      );
  }
  org
    .command('delete <organizationId>')
    .description('delete an organization with all its users and tokens, permanently')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { displayName } = await userstore.getOrganization(id);
        await confirm(printable`This permanently deletes "${displayName}" with all its users and tokens.`, id, yes);
        await userstore.deleteOrganization(id);
        return [{ id }, printable`Deleted ${id}.`];
      }),
    );
}

/** Returns the fields of the organization that the options change. */
function changeOf({ policy, rateLimit }: Organization, settings: Settings): Partial<Organization> {
  const { name, strict, create, update, deactivate, rehire, rate, burst } = settings;
  const change: Partial<Organization> = {};
  if (name !== undefined) change.displayName = name;
  if (strict !== undefined) change.strictSchemas = strict === 'on';
  if (create ?? update ?? deactivate ?? rehire) {
    const before = policy ?? { refuseCreate: false, refuseUpdate: false, refuseDeactivate: false, rehire: 0 };
    change.policy = {
      refuseCreate: create === undefined ? before.refuseCreate : create === 'off',
      refuseUpdate: update === undefined ? before.refuseUpdate : update === 'off',
      refuseDeactivate: deactivate === undefined ? before.refuseDeactivate : deactivate === 'off',
      rehire: rehire === undefined ? before.rehire : REHIRE[rehire as keyof typeof REHIRE],
    };
  }
  if (rate !== undefined || burst !== undefined) {
    const perSecond = rate ?? rateLimit?.perSecond ?? 1;
    change.rateLimit = { perSecond, burst: burst ?? (rate === undefined ? (rateLimit?.burst ?? 1) : 4 * rate) };
  }
  return change;
}

const REHIRE = {
  conflict: RehirePolicy.REHIRE_POLICY_CONFLICT,
  reactivate: RehirePolicy.REHIRE_POLICY_REACTIVATE,
} as const;
