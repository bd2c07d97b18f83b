/** The facts about one organization that support asks for first: its size, its tokens, its sign-in, its last request. */
import type { Counts } from '../../client/counts.js';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import type { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { activityValue } from './activity-export.js';
import { orUndefined } from './client.js';
import { type Printable, printable } from './printer.js';
import { aligned, type Columns } from './tables.js';
import { minute, second } from './times.js';
import type { Userstore } from './userstore.js';

/** Newest activities that are searched for the last request of Okta: the others are sign-ins. */
const SEARCHED = 100;

/** Everything that `org show` adds to the settings. */
export interface OrganizationFacts extends Counts {
  tokens: { live: number; all: number };
  connection: SsoConnection | undefined;
  lastRequest: Activity | undefined;
}

/** Reads the facts about an organization. */
export async function organizationFacts(userstore: Userstore, organizationId: string): Promise<OrganizationFacts> {
  const asked = { organizationId, since: undefined, until: undefined, pageSize: SEARCHED };
  const [counts, tokens, connection, { activities }] = await Promise.all([
    userstore.countsOf(organizationId),
    userstore.listTokens(organizationId),
    orUndefined(userstore.getSsoConnection(organizationId), 'SSO_CONNECTION_NOT_FOUND'),
    userstore.listActivities(asked),
  ]);
  const live = tokens.filter(({ revokeTime, expireTime }) => {
    return !revokeTime && (!expireTime || expireTime.getTime() > Date.now());
  }).length;
  const lastRequest = activities.find(({ apiTokenId }) => apiTokenId !== undefined);
  return { ...counts, tokens: { live, all: tokens.length }, connection, lastRequest };
}

/** Returns the facts for JSON. */
export const factsValue = (facts: OrganizationFacts | undefined): object => ({
  ...facts,
  lastRequest: facts?.lastRequest && activityValue(facts.lastRequest),
});

/** Returns the facts about several organizations as columns of their table. */
export const factColumns = (all: OrganizationFacts[]): Columns => ({
  titles: ['USERS', 'GROUPS', 'SIGN-IN', 'LAST REQUEST'],
  cells: all.map(({ users, disabled, groups, connection, lastRequest }) => [
    `${users}, ${disabled} disabled`,
    String(groups),
    connection ? 'connected' : 'no connection',
    lastRequest ? `${minute(lastRequest.time)}, ${lastRequest.status}` : 'none',
  ]),
});

/** Returns the facts, one line each. */
export function factsText(facts: OrganizationFacts): Printable {
  const { users, disabled, locked, groups, tokens, connection } = facts;
  return printable`

Now:
${aligned([
  ['  Users', `${users}: ${users - disabled} active, ${disabled} disabled; ${locked} locked`],
  ['  Groups', String(groups)],
  ['  API tokens', `${tokens.live} live of ${tokens.all}`],
  ['  Sign-in', connection ? connectionText(connection) : 'no SSO connection'],
  ['  Last request', lastRequestText(facts)],
])}`;
}

const connectionText = ({ issuer, domains, required }: SsoConnection) =>
  `${issuer} for ${domains.join(', ')}; other ways in ${required === false ? 'allowed' : 'refused'}`;

function lastRequestText({ lastRequest }: OrganizationFacts): string {
  if (!lastRequest) return `none with a valid API token among the last ${SEARCHED} activities`;
  const { time, method, path, status } = lastRequest;
  return `${second(time)} ${method} ${path}, status ${status}`;
}
