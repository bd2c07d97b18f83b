/** The command that checks the provider of an organization, and its client id and client secret there. */
import type { Command } from 'commander';
import { orUndefined } from './client.js';
import { type ClientFinding, checkClient, type ProviderClient } from '../../outbound/client-check.js';
import { inspectProvider } from '../../outbound/discovery.js';
import { joinedLines, printable } from './printer.js';
import { type Result, runIn, runOffline } from './run.js';
import { secretIn } from './secret-file.js';
import { ssoAddresses } from './sign-in-tables.js';

interface TestOptions {
  issuer?: string;
  clientId?: string;
  clientSecretFile?: string;
}

/** Adds `sso test`. */
export function ssoTestCommand(sso: Command): void {
  const command = sso
    .command('test [organization]')
    .description('check its provider, client id and client secret from this machine')
    .option('--issuer <url>', 'check this provider instead, without userstore; for a machine with internet access')
    .option('--client-id <id>', 'with --issuer: check this client id')
    .option('--client-secret-file <file>', 'with --issuer: a file that contains only the client secret')
    .action((organization: string | undefined, { issuer, clientId, clientSecretFile }: TestOptions) => {
      if ((organization === undefined) === (issuer === undefined)) {
        command.error('error: either an organization or --issuer');
      }
      if ((clientId === undefined) !== (clientSecretFile === undefined)) {
        command.error('error: both --client-id and --client-secret-file, or none');
      }
      if (issuer !== undefined) {
        return runOffline(async () => {
          const clientSecret = clientSecretFile === undefined ? undefined : await secretIn(clientSecretFile);
          const client = clientId === undefined || clientSecret === undefined ? undefined : { clientId, clientSecret };
          // A provider looks at the code before it compares the address.
          return await test(issuer.replace(/\/+$/, ''), client && { ...client, redirectUri: `${issuer}/` });
        });
      }
      return runIn(organization ?? '', async ({ userstore, organizationId, config }) => {
        const usable = await orUndefined(userstore.getUsableSsoConnection(organizationId), 'CALLER_FORBIDDEN');
        if (!usable)
          return await test((await userstore.getSsoConnection(organizationId)).issuer, undefined, SECRET_HIDDEN);
        const { connection, clientSecret } = usable;
        const { signInRedirectUri: redirectUri } = ssoAddresses(organizationId, config.publicUrl);
        return await test(connection.issuer, { clientId: connection.clientId, clientSecret, redirectUri });
      });
    });
}

const NO_WAY_OUT =
  'If there is no way out of this machine or container to the internet, this says nothing about the provider: run the ' +
  'check with --issuer where there is one.';
const NOT_TRIED = 'The client id and the client secret were not tried: name an organization, or give both.';
const SECRET_HIDDEN =
  'The client id and the client secret were not tried: only the role "admin" may use the client secret.';

async function test(issuer: string, client: ProviderClient | undefined, notTried = NOT_TRIED): Promise<Result> {
  const { tokenEndpoint, ...findings } = await inspectProvider(issuer);
  const { url, isReached } = findings;
  const tried = client && tokenEndpoint !== undefined ? await checkClient(tokenEndpoint, client) : undefined;
  const problems = [...findings.problems, ...(tried?.result === 'refused' ? [tried.text] : [])];
  const remarks = [...findings.remarks, ...(tried?.result === 'unknown' ? [tried.text] : [])];
  // The check itself succeeded; its result is negative.
  if (problems.length > 0) process.exitCode = 1;
  const lines = [
    ...problems.map((text) => printable`  wrong   ${text}`),
    ...remarks.map((text) => printable`  remark  ${text}`),
  ];
  return [
    { issuer, ...findings, problems, remarks, client: tried?.result ?? 'not tried' },
    joinedLines([
      printable`Looked at ${url}`,
      printable`${verdict(problems.length === 0, isReached, tried)}`,
      ...lines,
      ...(client || !isReached ? [] : [printable`${notTried}`]),
      ...(isReached ? [] : [printable`${NO_WAY_OUT}`]),
    ]),
  ];
}

function verdict(isFine: boolean, isReached: boolean, tried: ClientFinding | undefined): string {
  if (!isReached) return 'From this machine it cannot be seen whether people can sign in:';
  if (!isFine) return 'Nobody can sign in with this provider:';
  return tried?.result === 'accepted'
    ? 'The provider is as it should be, and accepts the client id and the client secret.'
    : 'The provider is as it should be.';
}
