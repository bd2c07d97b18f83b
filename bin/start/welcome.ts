/** The output of `npm start` when everything runs: the values that an Okta admin enters. */
import { hidesSuccess } from '../../config/log.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { joinedLines, type Printable, printable } from '../admin/printer.js';
import type { Userstore } from '../admin/userstore.js';
import { type Config, readConfig } from './config.js';

const MAX_SHOWN = 5;

/**
 * Returns the text to print. Creates a first organization with a token if there is none. On later starts the text tells
 * how to issue a new token, because the secret of the first one is not stored.
 */
export async function welcome(
  userstore: Userstore,
  config: Config,
  isTerminal: boolean,
  consoleLink: string | undefined,
): Promise<Printable> {
  const organizations = await userstore.listOrganizations();
  const lines = organizations.length > 0 ? known(organizations, config) : await first(userstore, config);
  const data = config.mongodbUri ? 'the MongoDB of MONGODB_URI' : config.dataDir;
  const all = [
    'Ready. The Okta admin enters these values:',
    '',
    ...lines,
    ...(consoleLink ? [`  Console          ${consoleLink}`, '                   (this link signs in once)'] : []),
    '',
    `Data is in ${data}. Ctrl-C stops everything.`,
    ...(hidesSuccess(config, isTerminal) ? ['Requests that fail appear below; LOG_LEVEL=debug shows all.'] : []),
  ];
  return printable`\n${joinedLines(all.map((line) => printable`${`  ${line}`.trimEnd()}`))}\n`;
}

async function first(userstore: Userstore, config: Config): Promise<string[]> {
  const { id } = await userstore.createOrganization('First organization');
  const { secret } = await userstore.issueToken(id, 'first token');
  const token = `apikey ${secret}`;
  const baseUrl = baseUrlOf(config, id);
  return [
    `  Base URL         ${baseUrl}`,
    `  Organization ID  ${id}`,
    `  API Token        ${token}`,
    '',
    'The token is not shown again. Try it with one request, then with everything that Okta does:',
    '',
    `  curl -H "Authorization: ${token}" "${baseUrl}/Users?startIndex=1&count=2"`,
    `  ${oktaCommand(baseUrl, token)}`,
    '',
    ...pages(config, id),
  ];
}

function known(organizations: Organization[], config: Config): string[] {
  const shown = organizations
    .slice(0, MAX_SHOWN)
    .flatMap(({ id, displayName }) => [
      `  ${displayName}`,
      `    Base URL         ${baseUrlOf(config, id)}`,
      `    Organization ID  ${id}`,
      '',
    ]);
  const hidden = organizations.length - MAX_SHOWN;
  const admin = adminCommand(config);
  const id = organizations.length === 1 ? (organizations[0]?.id ?? '') : '<Organization ID>';
  return [
    ...shown,
    ...(hidden > 0 ? [`  and ${hidden} more: ${admin} org list`, ''] : []),
    'A token is shown only when it is issued. To issue a new one, and to try it with everything that Okta does:',
    '',
    `  ${admin} token issue ${id}`,
    `  ${oktaCommand(baseUrlOf(config, id), 'apikey <API Token>')}`,
    '',
    ...pages(config, id),
  ];
}

const baseUrlOf = ({ origin }: Config, id: string) => `${origin}/${id}/scim/v2`;

const oktaCommand = (baseUrl: string, token: string) => `SCIM_TOKEN="${token}" npm run okta -- --url "${baseUrl}"`;

/** Returns the addresses for browsers, and the command for support. */
const pages = (config: Config, id: string): string[] => [
  'Pages in a browser, and the command of LeaseHawk support:',
  '',
  `  Setup page       ${config.origin}/${id}/setup`,
  `  Login page       ${config.publicUrl ? `${config.origin}/login` : 'needs PUBLIC_URL'}`,
  `  Admin command    ${adminCommand(config)} --help`,
];

/** Returns the admin command with the folder in which it finds this userstore. */
function adminCommand({ dataDir }: Config): string {
  return `${dataDir === readConfig({}).dataDir ? '' : `DATA_DIR="${dataDir}" `}npm run admin --`;
}
