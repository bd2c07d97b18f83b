/** The commands on API tokens. */
import type { Command } from 'commander';
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { wholeNumber } from '../whole-number.js';
import { type Printable, printable } from './printer.js';
import { confirm, type Result, runIn } from './run.js';
import { tokenTable } from './tables.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

const issued = (apiToken: ApiToken, secret: string, more: Printable): Result => {
  const value = `apikey ${secret}`;
  const text = printable`API Token  ${value}\nToken id   ${apiToken.id}\n\nThe token is not shown again: hand it over now.${more}`;
  return [{ ...apiToken, value }, text];
};

/** Adds `token …`. */
export function tokenCommands(program: Command): void {
  const token = program.command('token').description('the API tokens of an organization’s Okta; at most five are live');
  token
    .command('issue <organization>')
    .description('issue a token and print its secret, which is never shown again')
    .option('--label <text>', 'what the token is for', 'issued with admin')
    .option('--days <number>', 'days until the token expires (default: never)', wholeNumber(1, 3650))
    .action((organization: string, { label, days }: { label: string; days?: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const lifetime = days === undefined ? undefined : days * DAY;
        const { apiToken, secret } = await userstore.issueToken(organizationId, label, lifetime);
        return issued(apiToken, secret, printable``);
      }),
    );
  token
    .command('list <organization>')
    .description('list the tokens of an organization, also expired and revoked ones, oldest first')
    .action((organization: string) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const tokens = await userstore.listTokens(organizationId);
        return [tokens, tokenTable(tokens)];
      }),
    );
  token
    .command('rotate <organization> <tokenId>')
    .description('issue a token that replaces another, which stays valid for a while')
    .option('--hours <number>', 'hours that the old token stays valid', wholeNumber(0, 720), 24)
    .option(
      '--days <number>',
      'days until the new token expires (default: when the old one would have)',
      wholeNumber(1, 3650),
    )
    .action((organization: string, tokenId: string, { hours, days }: { hours: number; days?: number }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const lifetime = days === undefined ? undefined : days * DAY;
        const rotated = await userstore.rotateToken(organizationId, tokenId, hours * HOUR, lifetime);
        const { apiToken, secret, replaced } = rotated;
        return issued(
          apiToken,
          secret,
          printable`\nThe old token is valid until ${replaced.expireTime?.toISOString() ?? '-'}.`,
        );
      }),
    );
  token
    .command('revoke <organization> <tokenId>')
    .description('revoke a token permanently; every edge refuses it within 3 seconds')
    .option('--yes', 'do not ask')
    .action((organization: string, tokenId: string, { yes }: { yes?: boolean }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const label = (await userstore.listTokens(organizationId)).find(({ id }) => id === tokenId)?.label;
        if (label === undefined) throw new Error('There is no such API token.');
        await confirm(printable`This refuses all further requests with the token "${label}".`, 'revoke', yes);
        const apiToken = await userstore.revokeToken(organizationId, tokenId);
        return [apiToken, tokenTable([apiToken])];
      }),
    );
}
