/** The commands on the single sign-on (SSO) connection of an organization. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { failedFor } from './client.js';
import { inspectProvider } from './discovery.js';
import { joinedLines, printable } from './printer.js';
import { confirm, type Result, run, runOffline } from './run.js';
import type { ConnectionChange } from './sign-in-calls.js';
import { connectionText, ssoAddresses } from './sign-in-tables.js';
import type { Userstore } from './userstore.js';

/** The options of `sso set`. */
interface Settings {
  issuer?: string;
  clientId?: string;
  clientSecretFile?: string;
  domain?: string[];
  required?: boolean;
}

const shown = (connection: SsoConnection, origin: string): Result => [
  { ...connection, addresses: ssoAddresses(connection.organizationId, origin) },
  connectionText(connection, origin),
];

/** Adds `sso …`. */
export function ssoCommands(program: Command): void {
  const sso = program.command('sso').description('single sign-on (SSO) of an organization, over OpenID Connect');
  sso
    .command('set <organizationId>')
    .description('create the connection to its provider, or change the given settings')
    .option('--issuer <url>', 'the provider: https://your-company.okta.com')
    .option('--client-id <id>', 'the client id of LeaseHawk at the provider')
    .option('--client-secret-file <file>', 'a file that contains only the client secret')
    .option('--domain <domain...>', 'all domains of its e-mail addresses')
    .option('--required', 'its people sign in only at the provider (default)')
    .option('--not-required', 'its people may also sign in with a password')
    .action((id: string, { notRequired, ...settings }: Settings & { notRequired?: boolean }) =>
      run(async (userstore, config) => {
        const required = notRequired ? { required: false } : {};
        return shown(await set(userstore, id, { ...settings, ...required }), config.publicUrl);
      }),
    );
  sso
    .command('show <organizationId>')
    .description('show the connection without its secret, and the values that its Okta admin enters')
    .option('--public-url <url>', 'the address of the edge in browsers (default: PUBLIC_URL)')
    .action((id: string, options: { publicUrl?: string }) =>
      run(async (userstore, config) =>
        shown(await userstore.getSsoConnection(id), options.publicUrl?.replace(/\/+$/, '') ?? config.publicUrl),
      ),
    );
  sso
    .command('test [organizationId]')
    .description('check its provider from this machine')
    .option('--issuer <url>', 'check this provider instead, without userstore; for a machine with internet access')
    .action((id: string | undefined, { issuer }: { issuer?: string }) => {
      if ((id === undefined) === (issuer === undefined)) program.error('error: either an organization or --issuer');
      if (issuer !== undefined) return runOffline(() => test(issuer.replace(/\/+$/, '')));
      return run(async (userstore) => await test((await userstore.getSsoConnection(id as string)).issuer));
    });
  sso
    .command('remove <organizationId>')
    .description('delete the connection, which signs all its people out')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { issuer } = await userstore.getSsoConnection(id);
        await confirm(printable`This signs out everybody of ${id} and stops their sign-in at ${issuer}.`, id, yes);
        await userstore.deleteSsoConnection(id);
        return [{ id }, printable`Deleted the connection of ${id}.`];
      }),
    );
}

async function set(userstore: Userstore, id: string, settings: Settings): Promise<SsoConnection> {
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
  return await userstore.setSsoConnection(id, before, change, secret);
}

/** Returns the secret in a file, without line ends. A file, because process lists show arguments. */
async function secretIn(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret !== '' && !/\s/.test(secret)) return secret;
  throw new Error(`${file} must contain only the client secret.`);
}

const NO_WAY_OUT =
  'If there is no way out of this machine or container to the internet, this says nothing about the provider: run the ' +
  'check with --issuer where there is one.';

async function test(issuer: string): Promise<Result> {
  const findings = await inspectProvider(issuer);
  const { url, isReached, problems, remarks } = findings;
  // The check itself succeeded; its result is negative.
  if (problems.length > 0) process.exitCode = 1;
  const found = isReached
    ? 'Nobody can sign in with this provider:'
    : 'From this machine it cannot be seen whether people can sign in:';
  const verdict = problems.length > 0 ? found : 'The provider is as it should be.';
  const lines = [
    ...problems.map((text) => printable`  wrong   ${text}`),
    ...remarks.map((text) => printable`  remark  ${text}`),
  ];
  return [
    { issuer, ...findings },
    joinedLines([
      printable`Looked at ${url}`,
      printable`${verdict}`,
      ...lines,
      ...(isReached ? [] : [printable`${NO_WAY_OUT}`]),
    ]),
  ];
}
