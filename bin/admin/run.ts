/** Runs a command: connects, does the work, prints its result as text or JSON, or its error as one line. */
import { secretsOf } from '../../config/variables.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { type Config, readConfig, variables } from './config.js';
import { findOrganization } from './find-organization.js';
import { invocation } from './invocation.js';
import { ask, canAsk, json, messageOf, type Printable, print, printable, printError } from './printer.js';
import { connectAs, type Userstore } from './userstore.js';

/** The result of a command: a value for scripts, text for people, and the exit status, 0 unless it is given. */
export type Result = [value: unknown, text: Printable, status?: number];

/** Connects, does the work, and prints its value as JSON or its text. Prints an error as one line; the status is then 1. */
export async function run(work: (userstore: Userstore, config: Config) => Promise<Result>): Promise<void> {
  const { env } = invocation().process;
  await runOffline(async () => {
    const config = readConfig(env);
    for (const name of secretsOf(variables)) delete env[name];
    const userstore = await connectAs(config, invocation().options.userstore ?? config.userstoreAddress);
    try {
      return await work(userstore, config);
    } finally {
      userstore.close();
    }
  });
}

/** The organization that a command is about, with the connection to userstore and the configuration. */
export interface OrganizationWork {
  userstore: Userstore;
  config: Config;
  organization: Organization;
  organizationId: string;
}

/** Likewise, for work on the organization that a person names by id, display name or e-mail domain. */
export const runIn = (organization: string, work: (context: OrganizationWork) => Promise<Result>): Promise<void> =>
  run(async (userstore, config) => {
    const found = await findOrganization(userstore, organization);
    return await work({ userstore, config, organization: found, organizationId: found.id });
  });

/** Runs `work` with the id of the organization that a person names, without an id if they name none. */
export const runForOneOrAll = (
  organization: string | undefined,
  work: (userstore: Userstore, organizationId?: string) => Promise<Result>,
): Promise<void> =>
  organization === undefined
    ? run((userstore) => work(userstore))
    : runIn(organization, ({ userstore, organizationId }) => work(userstore, organizationId));

/** Likewise, for work without userstore. */
export async function runOffline(work: () => Promise<Result>): Promise<void> {
  try {
    const [value, text, status = 0] = await work();
    print(wantsJson() ? json(value, 2) : text);
    invocation().status = status;
  } catch (error) {
    printError(messageOf(error));
    invocation().status = 1;
  }
}

/** Whether the command prints JSON. */
export const wantsJson = (): boolean => invocation().options.json ?? false;

/** Asks the person to type `word` before a destructive command, unless `yes`. Throws an Error if they do not. */
export async function confirm(consequence: Printable, word: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!canAsk()) throw new Error(`${consequence} There is no terminal to confirm it: add --yes.`);
  const answer = await ask(printable`${consequence} Type ${word} to continue: `);
  if (answer.trim() !== word) throw new Error('Nothing was done.');
}
