/** The commands on the SSO connection of an organization. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import type { ConnectionChange } from './access-calls.js';
import { inspectProvider } from './discovery.js';
import { confirm, print, type Result, run } from './run.js';
import { connectionText, ssoAddresses } from './sign-in-tables.js';
import { isMissing, type Userstore } from './userstore.js';

/** What `sso set` takes. */
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
  const sso = program.command('sso').description('how the people of an organization sign in, over OpenID Connect');
  sso
    .command('set <organizationId>')
    .description('set up the connection to its provider, or change what is given of it')
    .option('--issuer <url>', 'the provider: https://your-company.okta.com')
    .option('--client-id <id>', 'what the provider calls LeaseHawk')
    .option('--client-secret-file <file>', 'a file with the client secret and nothing else')
    .option('--domain <domain...>', 'the domains of its e-mail addresses, all of them')
    .option('--required', 'its people sign in in no other way, as is usual')
    .option('--not-required', 'its people may sign in otherwise, too')
    .action((id: string, { notRequired, ...settings }: Settings & { notRequired?: boolean }) =>
      run(async (userstore, config) => {
        const required = notRequired ? { required: false } : {};
        return shown(await set(userstore, id, { ...settings, ...required }), config.publicUrl);
      }),
    );
  sso
    .command('show <organizationId>')
    .description('show the connection, never its secret, and what its Okta admin enters')
    .option('--public-url <url>', 'where people reach the edge; also PUBLIC_URL')
    .action((id: string, options: { publicUrl?: string }) =>
      run(async (userstore, config) =>
        shown(await userstore.getSsoConnection(id), options.publicUrl?.replace(/\/+$/, '') ?? config.publicUrl),
      ),
    );
  sso
    .command('test [organizationId]')
    .description('look at its provider from here, and say what is wrong')
    .option('--issuer <url>', 'look at this provider instead, without userstore: from where there is a way out')
    .action((id: string | undefined, { issuer }: { issuer?: string }) => {
      if ((id === undefined) === (issuer === undefined)) program.error('error: either an organization or --issuer');
      if (issuer !== undefined) return print(() => test(issuer.replace(/\/+$/, '')));
      return run(async (userstore) => await test((await userstore.getSsoConnection(id as string)).issuer));
    });
  sso
    .command('remove <organizationId>')
    .description('remove the connection; all its people are signed out')
    .option('--yes', 'do not ask')
    .action((id: string, { yes }: { yes?: boolean }) =>
      run(async (userstore) => {
        const { issuer } = await userstore.getSsoConnection(id);
        await confirm(`Nobody of ${id} can sign in at ${issuer} then, and all are signed out.`, id, yes);
        await userstore.deleteSsoConnection(id);
        return [{ id }, `Removed the connection of ${id}.`];
      }),
    );
}

async function set(userstore: Userstore, id: string, settings: Settings): Promise<SsoConnection> {
  const { issuer, clientId, clientSecretFile, domain, required } = settings;
  if (Object.keys(settings).length === 0) throw new Error('There is nothing to set; see --help.');
  const before = await userstore.getSsoConnection(id).catch((error: unknown) => {
    if (isMissing(error, 'SSO_CONNECTION_NOT_FOUND')) return undefined;
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

/** The secret in a file, without the line's end. A file, as arguments can be seen in the process list. */
async function secretIn(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret !== '' && !/\s/.test(secret)) return secret;
  throw new Error(`${file} is to hold the client secret and nothing else.`);
}

const NO_WAY_OUT =
  'This says nothing about the provider if there is no way out of this machine or container: look from where there is one, ' +
  'with --issuer.';

async function test(issuer: string): Promise<Result> {
  const findings = await inspectProvider(issuer);
  const { url, isReached, problems, remarks } = findings;
  // The answer is there, and it is no.
  if (problems.length > 0) process.exitCode = 1;
  const found = isReached ? 'Nobody can sign in like this:' : 'From here it cannot be seen whether people can sign in:';
  const verdict = problems.length > 0 ? found : 'The provider is as it should be.';
  const lines = [...problems.map((text) => `  wrong   ${text}`), ...remarks.map((text) => `  remark  ${text}`)];
  return [
    { issuer, ...findings },
    [`Looked at ${url}`, verdict, ...lines, ...(isReached ? [] : [NO_WAY_OUT])].join('\n'),
  ];
}
