/** The command that checks the provider of an organization, and its client id and client secret there. */
import type { Command } from 'commander';
import type { ProviderClient } from '../../outbound/client-check.js';
import { ANY_HOST } from '../../outbound/fetch-text.js';
import { testProvider } from '../../outbound/provider-test.js';
import { orUndefined } from './client.js';
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
  const { verdict, ...outcome } = await testProvider(issuer, client, ANY_HOST);
  const { url, isReached, problems, remarks } = outcome;
  const lines = [
    ...problems.map((text) => printable`  wrong   ${text}`),
    ...remarks.map((text) => printable`  remark  ${text}`),
  ];
  return [
    { issuer, ...outcome },
    joinedLines([
      printable`Looked at ${url}`,
      printable`${verdict}`,
      ...lines,
      ...(client || !isReached ? [] : [printable`${notTried}`]),
      ...(isReached ? [] : [printable`${NO_WAY_OUT}`]),
    ]),
    // The check itself succeeded; its result is negative.
    problems.length > 0 ? 1 : 0,
  ];
}
