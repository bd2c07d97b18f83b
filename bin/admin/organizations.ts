/** The commands on organizations. */
import { type Command, Option } from 'commander';
import { KeptBodies, type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import { wholeNumber } from '../whole-number.js';
import { COMMAND } from './command-line.js';
import type { Config } from './config.js';
import { factColumns, factsText, factsValue, type OrganizationFacts, organizationFacts } from './organization-facts.js';
import { printable } from './printer.js';
import { confirm, type Result, run, runIn } from './run.js';
import { confirmSignOut, countText } from './sign-out.js';
import { organizationTable, organizationText } from './tables.js';
import type { Userstore } from './userstore.js';

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
  bodies?: 'off' | 'failures' | 'all';
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
        const next = printable`Next, issue a token for its Okta: ${COMMAND} token issue ${organization.id}`;
        return [organization, printable`${organizationTable([organization])}\n\n${next}`];
      }),
    );
  org
    .command('list')
    .description('list organizations, oldest first')
    .option('--name <text>', 'only organizations with this text in their name, in any letter case')
    .option('--counts', 'also show users, groups, sign-in and the last request of each, which takes longer')
    .action(({ name, counts }: { name?: string; counts?: boolean }) =>
      run(async (userstore) => {
        const organizations = await userstore.listOrganizations(name);
        if (!counts) return [organizations, organizationTable(organizations)];
        const facts = await factsOf(userstore, organizations);
        const value = organizations.map((organization, index) => ({ ...organization, ...factsValue(facts[index]) }));
        return [value, organizationTable(organizations, factColumns(facts))];
      }),
    );
  org
    .command('show <organization>')
    .description('show an organization: its use, the values that its Okta admin enters, its settings')
    .action((name: string) =>
      runIn(name, async ({ userstore, organization, organizationId, config }) => {
        const facts = await organizationFacts(userstore, organizationId);
        const text = organizationText(organization, config.publicUrl, factsText(facts));
        return [{ ...organization, now: factsValue(facts) }, text];
      }),
    );
  org
    .command('set <organization>')
    .description('change settings of an organization; every edge applies them within 3 seconds')
    .option('--name <text>', 'the name of the organization')
    .addOption(onOff('--strict <on|off>', 'follow the RFCs to the letter: docs/support.md tells what is refused'))
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
    .addOption(
      new Option(
        '--bodies <which>',
        'bodies of requests that are kept for 7 days: none, those of failures, or all for an hour',
      ).choices(['off', 'failures', 'all']),
    )
    .action((name: string, settings: Settings) =>
      runIn(name, async ({ userstore, organizationId, config }) => {
        const { bodies, ...others } = settings;
        if (Object.keys(settings).length === 0) throw new Error('There is nothing to set; see --help.');
        if (bodies !== undefined && bodies !== 'off') {
          const organization = await userstore.keepAllBodies(organizationId, bodies === 'all' ? HOUR_SECONDS : 0);
          if (bodies === 'all' && Object.keys(others).length === 0) return result(organization, config);
        }
        const change = (organization: Organization) => changeOf(organization, settings);
        return result(await userstore.updateOrganization(organizationId, change), config);
      }),
    );
  org
    .command('suspend <organization>')
    .description('refuse requests of its Okta and sign-ins of its users')
    .option('--yes', 'do not ask before its people are signed out')
    .action((name: string, { yes }: { yes?: boolean }) =>
      runIn(name, async ({ userstore, organization: { displayName }, organizationId, config }) => {
        const question = printable`This refuses all requests and sign-ins of "${displayName}".`;
        await confirmSignOut(userstore, organizationId, question, yes);
        return result(await userstore.updateOrganization(organizationId, () => ({ suspended: true })), config);
      }),
    );
  org
    .command('resume <organization>')
    .description('serve a suspended organization again')
    .action((name: string) =>
      runIn(name, async ({ userstore, organizationId, config }) =>
        result(await userstore.updateOrganization(organizationId, () => ({ suspended: false })), config),
      ),
    );
  org
    .command('delete <organization>')
    .description('delete an organization with all its users and tokens, permanently')
    .option('--yes', 'do not ask')
    .action((name: string, { yes }: { yes?: boolean }) =>
      runIn(name, async ({ userstore, organization: { displayName }, organizationId: id }) => {
        const sessions = countText(yes ? [] : await userstore.listSessions(id));
        const question = printable`This permanently deletes "${displayName}" with all its users and tokens, and ends ${sessions}.`;
        await confirm(question, id, yes);
        await userstore.deleteOrganization(id);
        return [{ id }, printable`Deleted ${id}.`];
      }),
    );
}

/** How long `--bodies all` lasts. */
const HOUR_SECONDS = 3600;

/** Organizations whose facts are read at the same time. */
const CONCURRENT = 4;

async function factsOf(userstore: Userstore, organizations: Organization[]): Promise<OrganizationFacts[]> {
  const facts: OrganizationFacts[] = [];
  for (let start = 0; start < organizations.length; start += CONCURRENT) {
    const some = organizations.slice(start, start + CONCURRENT);
    facts.push(...(await Promise.all(some.map(({ id }) => organizationFacts(userstore, id)))));
  }
  return facts;
}

/** Returns the fields of the organization that the options change. */
function changeOf({ policy, rateLimit }: Organization, settings: Settings): Partial<Organization> {
  const { name, strict, create, update, deactivate, rehire, rate, burst, bodies } = settings;
  const change: Partial<Organization> = {};
  if (name !== undefined) change.displayName = name;
  if (strict !== undefined) change.strictSchemas = strict === 'on';
  if (bodies === 'off') change.keptBodies = KeptBodies.KEPT_BODIES_NONE;
  if (bodies === 'failures') change.keptBodies = KeptBodies.KEPT_BODIES_FAILURES;
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
