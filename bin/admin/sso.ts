/** The commands on the single sign-on (SSO) connection of an organization. */
import type { Command } from 'commander';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { failedFor } from './client.js';
import { printable } from './printer.js';
import { confirm, type Result, runIn } from './run.js';
import { secretIn } from './secret-file.js';
import type { ConnectionChange } from './sign-in-calls.js';
import { connectionText, ssoAddresses } from './sign-in-tables.js';
import { confirmSignOut, countText } from './sign-out.js';
import { ssoTestCommand } from './sso-test.js';
import type { Userstore } from './userstore.js';

/** The options of `sso set`. */
interface Settings {
  issuer?: string;
  clientId?: string;
  clientSecretFile?: string;
  domain?: string[];
  required?: boolean;
}

type SetOptions = Settings & { notRequired?: boolean; yes?: boolean };

/** userstore stores issuers without a slash at the end. */
const withoutSlash = (issuer: string) => issuer.replace(/\/+$/, '');

const shown = (connection: SsoConnection, origin: string): Result => [
  { ...connection, addresses: ssoAddresses(connection.organizationId, origin) },
  connectionText(connection, origin),
];

/** Adds `sso …`. */
export function ssoCommands(program: Command): void {
  const sso = program.command('sso').description('single sign-on (SSO) of an organization, over OpenID Connect');
  sso
    .command('set <organization>')
    .description('create the connection to its provider, or change the given settings')
    .option('--issuer <url>', 'the provider: https://your-company.okta.com')
    .option('--client-id <id>', 'the client id of LeaseHawk at the provider')
    .option('--client-secret-file <file>', 'a file that contains only the client secret')
    .option('--domain <domain...>', 'all domains of its e-mail addresses')
    .option('--required', 'its people sign in only at the provider (default)')
    .option('--not-required', 'its people may also sign in with a password')
    .option('--yes', 'do not ask before a new issuer signs its people out')
    .action((organization: string, { notRequired, yes, ...settings }: SetOptions) =>
      runIn(organization, async ({ userstore, organizationId, config }) => {
        const required = notRequired ? { required: false } : {};
        return shown(await set(userstore, organizationId, { ...settings, ...required }, yes), config.publicUrl);
      }),
    );
  sso
    .command('show <organization>')
    .description('show the connection without its secret, and the values that its Okta admin enters')
    .option('--public-url <url>', 'the address of the edge in browsers (default: PUBLIC_URL)')
    .action((organization: string, options: { publicUrl?: string }) =>
      runIn(organization, async ({ userstore, organizationId, config }) =>
        shown(
          await userstore.getSsoConnection(organizationId),
          (options.publicUrl && withoutSlash(options.publicUrl)) ?? config.publicUrl,
        ),
      ),
    );
  ssoTestCommand(sso);
  sso
    .command('remove <organization>')
    .description('delete the connection, which signs all its people out')
    .option('--yes', 'do not ask')
    .action((organization: string, { yes }: { yes?: boolean }) =>
      runIn(organization, async ({ userstore, organizationId: id }) => {
        const { issuer } = await userstore.getSsoConnection(id);
        const sessions = countText(yes ? [] : await userstore.listSessions(id));
        await confirm(printable`This stops the sign-in of ${id} at ${issuer} and ends ${sessions}.`, id, yes);
        await userstore.deleteSsoConnection(id);
        return [{ id }, printable`Deleted the connection of ${id}.`];
      }),
    );
}

async function set(
  userstore: Userstore,
  id: string,
  settings: Settings,
  yes: boolean | undefined,
): Promise<SsoConnection> {
  const { issuer, clientId, clientSecretFile, domain, required } = settings;
  if (Object.keys(settings).length === 0) throw new Error('There is nothing to set; see --help.');
  const before = await userstore.getSsoConnection(id).catch((error: unknown) => {
    if (failedFor(error, 'SSO_CONNECTION_NOT_FOUND')) return undefined;
    throw error;
  });
  if (!before && !(issuer && clientId && clientSecretFile && domain)) {
    throw new Error('A new connection needs --issuer, --client-id, --client-secret-file and --domain.');
  }
  const change: ConnectionChange = {
    ...(issuer === undefined ? {} : { issuer }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(domain === undefined ? {} : { domains: domain }),
    ...(required === undefined ? {} : { required }),
  };
  const secret = clientSecretFile === undefined ? undefined : await secretIn(clientSecretFile);
  if (before && issuer !== undefined && withoutSlash(issuer) !== before.issuer) {
    const question = printable`The issuer changes from ${before.issuer} to ${issuer}, whose people sign in anew.`;
    await confirmSignOut(userstore, id, question, yes);
  }
  return await userstore.setSsoConnection(id, before, change, secret);
}
