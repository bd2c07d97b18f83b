/** The commands on organizations. */
import { type Command, Option } from 'commander';
import { type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import { wholeNumber } from '../whole-number.js';
import type { Config } from './config.js';
import { confirm, type Result, run } from './run.js';
import { organizationTable, organizationText, printable } from './tables.js';

/** What `org set` takes. */
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

const shown = (organization: Organization, { publicUrl }: Config): Result => [
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
        const next = `Next, a token for its Okta: npm run admin -- token issue ${organization.id}`;
        return [organization, `${organizationTable([organization])}\n\n${next}`];
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
    .description('show an organization, what its Okta admin enters, and its settings')
    .action((id: string) => run(async (userstore, config) => shown(await userstore.getOrganization(id), config)));
  org
    .command('set <organizationId>')
    .description('change settings of an organization; edges follow within 3 seconds')
    .option('--name <text>', 'what people call it')
    .addOption(onOff('--strict <on|off>', 'refuse attributes that are in none of its schemas'))
    .addOption(onOff('--create <on|off>', 'take new users from its Okta'))
    .addOption(onOff('--update <on|off>', 'take changes of users from its Okta'))
    .addOption(onOff('--deactivate <on|off>', 'let its Okta disable users'))
    .addOption(
      new Option('--rehire <rule>', 'a new user whose name a disabled one has').choices(['conflict', 'reactivate']),
    )
    .option('--rate <number>', 'requests a second in the long run: 1 to 10,000', wholeNumber(1, 10_000))
    .option(
      '--burst <number>',
      'requests at once, of which those beyond a second’s come once a minute: at least the rate',
      wholeNumber(1, 100_000),
    )
    .action((id: string, settings: Settings) =>
      run(async (userstore, config) => {
        if (Object.keys(settings).length === 0) throw new Error('There is nothing to set; see --help.');
        const change = (organization: Organization) => changeOf(organization, settings);
        return shown(await userstore.updateOrganization(id, change), config);
      }),
    );
  for (const [name, suspended, description] of [
    ['suspend', true, 'refuse its Okta, and keep its users out'],
    ['resume', false, 'serve a suspended organization again'],
  ] as const) {
    org
      .command(`${name} <organizationId>`)
      .description(description)
      .action((id: string) =>
        run(async (userstore, config) => shown(await userstore.updateOrganization(id, () => ({ suspended })), config)),
      );
  }
  org
    .command('delete <organizationId>')
    .description('remove an organization with all its users and tokens, for good')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { displayName } = await userstore.getOrganization(id);
        await confirm(`This removes "${printable(displayName)}" with all its users and tokens, for good.`, id, yes);
        await userstore.deleteOrganization(id);
        return [{ id }, `Removed ${id}.`];
      }),
    );
}

/** What of the organization the options change. */
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
