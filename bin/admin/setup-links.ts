/** The commands on setup links. */
import type { Command } from 'commander';
import type { SetupLink } from '../../proto/gen/userstore/v1/setup_link_service.js';
import { wholeNumber } from '../whole-number.js';
import { type Printable, printable } from './printer.js';
import { confirm, runIn } from './run.js';
import { aligned } from './tables.js';
import { minute } from './times.js';

/** Adds `setup-link …`. */
export function setupLinkCommands(program: Command): void {
  const setupLink = program
    .command('setup-link')
    .description('links with which an Okta admin sets up their organization; at most five are live');
  setupLink
    .command('add <organization> <recipient>')
    .description('make a link for an Okta admin and print it, which is never shown again')
    .option('--days <number>', 'days until the link ends', wholeNumber(1, 14), 7)
    .option('--domain <domain...>', 'the e-mail domains of the connection that the admin sets', [])
    .action((organization: string, recipient: string, { days, domain }: { days: number; domain: string[] }) =>
      runIn(organization, async ({ userstore, organizationId, config }) => {
        const { link, secret } = await userstore.createSetupLink(organizationId, recipient, days, domain);
        const url = `${config.publicUrl}/setup/link#${secret}`;
        const end = minute(link.expireTime);
        const text = printable`Setup link  ${url}\nFor         ${recipient}, until ${end}\nLink id     ${link.id}\n\nThe link is not shown again: hand it over now. For LeaseHawk, the person who has it is the Okta admin.`;
        return [{ ...link, url }, text];
      }),
    );
  setupLink
    .command('list <organization>')
    .description('list the links of an organization, also ended ones, oldest first')
    .action((organization: string) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const links = await userstore.listSetupLinks(organizationId);
        return [links, linkTable(links)];
      }),
    );
  setupLink
    .command('revoke <organization> <linkId>')
    .description('end a link at once; the tokens that it issued stay valid')
    .option('--yes', 'do not ask')
    .action((organization: string, linkId: string, { yes }: { yes?: boolean }) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        await confirm(printable`This refuses the setup link ${linkId}.`, 'revoke', yes);
        const link = await userstore.revokeSetupLink(organizationId, linkId);
        return [link, linkTable([link])];
      }),
    );
}

function linkTable(links: SetupLink[]): Printable {
  if (links.length === 0) return printable`The organization has no setup links.`;
  const rows = links.map((link) => [
    link.id,
    stateOf(link),
    minute(link.expireTime),
    minute(link.openTime),
    link.openAddress ?? '-',
    String(link.issuedTokens),
    link.createdBy || '-',
    link.recipient,
  ]);
  return aligned([['LINK ID', 'STATE', 'ENDS', 'FIRST OPENED', 'FROM', 'TOKENS', 'BY', 'FOR'], ...rows]);
}

function stateOf({ revokeTime, expireTime }: SetupLink): string {
  if (revokeTime) return 'revoked';
  return (expireTime?.getTime() ?? 0) > Date.now() ? 'live' : 'ended';
}
