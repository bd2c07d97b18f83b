/** What `npm start` says when everything runs: the values that an Okta admin types. */
import type { Userstore } from '../admin/userstore.js';

const MOST_SHOWN = 5;

/**
 * The text to print. Creates a first organization with a token when there is none; an older token's secret is not known
 * any more, so later on the text says how to issue a new one. `origin` is what stands before the path of a base URL.
 */
export async function welcome(userstore: Userstore, origin: string, dataNote: string): Promise<string> {
  const organizations = await userstore.listOrganizations();
  const lines = organizations.length === 0 ? await first() : known();
  return `\n${[...lines, '', `${dataNote} Ctrl-C stops everything.`].map((line) => `  ${line}`.trimEnd()).join('\n')}\n`;

  async function first(): Promise<string[]> {
    const { id } = await userstore.createOrganization('First organization');
    const { secret } = await userstore.issueToken(id, 'first token');
    const baseUrl = `${origin}/${id}/scim/v2`;
    return [
      'Ready. What the Okta admin types:',
      '',
      `  Base URL         ${baseUrl}`,
      `  Organization ID  ${id}`,
      `  API Token        apikey ${secret}`,
      '',
      'The token is shown this once. Try it:',
      '',
      `  curl -H "Authorization: apikey ${secret}" "${baseUrl}/Users?startIndex=1&count=2"`,
    ];
  }

  function known(): string[] {
    const shown = organizations.slice(0, MOST_SHOWN);
    const hidden = organizations.length - shown.length;
    return [
      'Ready. What the Okta admin types:',
      ...shown.flatMap(({ id, displayName }) => [
        '',
        `  ${displayName}`,
        `  Base URL         ${origin}/${id}/scim/v2`,
        `  Organization ID  ${id}`,
        `  API Token        npm run admin -- token issue ${id}`,
      ]),
      ...(hidden > 0 ? ['', `  and ${hidden} more: npm run admin -- org list`] : []),
    ];
  }
}
