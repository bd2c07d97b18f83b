/** The output of `npm start` when everything runs: the values that an Okta admin enters. */
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { joinedLines, type Printable, printable } from '../admin/printer.js';
import type { Userstore } from '../admin/userstore.js';
import { type Config, readConfig } from './config.js';

const MAX_SHOWN = 5;

/**
 * Returns the text to print. Creates a first organization with a token if there is none. On later starts the text tells
 * how to issue a new token, because the secret of the first one is not stored.
 */
export async function welcome(userstore: Userstore, config: Config): Promise<Printable> {
  const organizations = await userstore.listOrganizations();
  const lines = organizations.length > 0 ? known(organizations, config) : await first(userstore, config);
  const data = config.mongodbUri ? 'the MongoDB of MONGODB_URI' : config.dataDir;
  const all = [
    'Ready. The Okta admin enters these values:',
    '',
    ...lines,
    '',
    `Data is in ${data}. Ctrl-C stops everything.`,
  ];
  return printable`\n${joinedLines(all.map((line) => printable`${`  ${line}`.trimEnd()}`))}\n`;
}

async function first(userstore: Userstore, { origin }: Config): Promise<string[]> {
  const { id } = await userstore.createOrganization('First organization');
  const { secret } = await userstore.issueToken(id, 'first token');
  const baseUrl = `${origin}/${id}/scim/v2`;
  return [
    `  Base URL         ${baseUrl}`,
    `  Organization ID  ${id}`,
    `  API Token        apikey ${secret}`,
    '',
    'The token is not shown again. Try it:',
    '',
    `  curl -H "Authorization: apikey ${secret}" "${baseUrl}/Users?startIndex=1&count=2"`,
  ];
}

function known(organizations: Organization[], config: Config): string[] {
  const shown = organizations
    .slice(0, MAX_SHOWN)
    .flatMap(({ id, displayName }) => [
      `  ${displayName}`,
      `    Base URL         ${config.origin}/${id}/scim/v2`,
      `    Organization ID  ${id}`,
      '',
    ]);
  const hidden = organizations.length - MAX_SHOWN;
  const admin = adminCommand(config);
  return [
    ...shown,
    ...(hidden > 0 ? [`  and ${hidden} more: ${admin} org list`, ''] : []),
    'A token is shown only when it is issued. To issue a new one:',
    '',
    `  ${admin} token issue ${organizations.length === 1 ? organizations[0]?.id : '<Organization ID>'}`,
  ];
}

/** Returns the admin command with the environment that it needs to find this userstore. */
function adminCommand({ dataDir, userstorePort }: Config): string {
  const standard = readConfig({});
  return [
    ...(dataDir === standard.dataDir ? [] : [`DATA_DIR="${dataDir}"`]),
    ...(userstorePort === standard.userstorePort ? [] : [`USERSTORE_ADDRESS=127.0.0.1:${userstorePort}`]),
    'npm run admin --',
  ].join(' ');
}
