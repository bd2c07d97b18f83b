/** Organizations, API tokens, schemas and users as text for people. */
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Group, Membership } from '../../proto/gen/userstore/v1/group.js';
import { KeptBodies, type Organization, RehirePolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { COMMAND } from './command-line.js';
import { escaped, joinedLines, type Printable, printable } from './printer.js';
import { minute } from './times.js';

/** Further columns of a table: their titles, and the cells of each row. */
export interface Columns {
  titles: string[];
  cells: string[][];
}

const NONE: Columns = { titles: [], cells: [] };

/** Returns one line per organization; a sentence if there is none. */
export function organizationTable(organizations: Organization[], { titles, cells } = NONE): Printable {
  if (organizations.length === 0) return printable`There are no organizations.`;
  const rows = organizations.map(({ id, displayName, createTime, suspended }, index) => [
    id,
    minute(createTime),
    suspended ? 'suspended' : 'served',
    ...(cells[index] ?? []),
    displayName,
  ]);
  return aligned([['ORGANIZATION ID', 'CREATED', 'STATE', ...titles, 'NAME'], ...rows]);
}

/**
 * Returns an organization, the facts about its use, the values that its Okta admin enters, and its settings.
 * `publicUrl` is the edge's address.
 */
export function organizationText(
  organization: Organization,
  publicUrl: string,
  facts: Printable = printable``,
): Printable {
  const { id, strictSchemas, extensionSchemas, policy, rateLimit } = organization;
  const answer = (refuses: boolean | undefined) => (refuses ? 'refused' : 'accepted');
  const rehires = policy?.rehire === RehirePolicy.REHIRE_POLICY_REACTIVATE;
  return printable`${organizationTable([organization])}${facts}

For the Okta admin:
${aligned([
  ['  Organization ID', id],
  ['  API Token', `issue one: ${COMMAND} token issue ${id}`],
  ['  Base URL', `${publicUrl}/${id}/scim/v2`],
  ['  Guide', `${publicUrl}/${id}/setup`],
])}

Settings:
${aligned([
  [
    '  New users',
    `${answer(policy?.refuseCreate)}; with the user name of a disabled user: ${rehires ? 'reactivated' : 'refused'}`,
  ],
  ['  Changes', answer(policy?.refuseUpdate)],
  ['  Deactivation', answer(policy?.refuseDeactivate)],
  ['  Requests', `${rateLimit?.perSecond} per second, ${rateLimit?.burst} at once`],
  ['  Unknown attributes', strictSchemas ? 'refused' : 'ignored; those of extensions kept'],
  ['  Bodies of requests', bodiesText(organization)],
  ['  Own schemas', extensionSchemas.map((schema) => schema.id).join(', ') || 'none'],
])}`;
}

function bodiesText({ keptBodies, allBodiesUntil }: Organization): string {
  if (keptBodies === KeptBodies.KEPT_BODIES_NONE) return 'not kept';
  const isAll = allBodiesUntil && allBodiesUntil.getTime() > Date.now();
  return isAll ? `all kept until ${minute(allBodiesUntil)}, then those of failures` : 'kept of failures';
}

/** Returns one line per attribute of each schema; a sentence if there is none. */
export function schemaTable(schemas: ExtensionSchema[]): Printable {
  if (schemas.length === 0) return printable`This organization has no schemas.`;
  const rows = schemas.flatMap((schema) =>
    schema.attributes
      .flatMap(withParts)
      .map(({ name, type, multiValued, immutable }) => [
        schema.id,
        name,
        `${AttributeType[type].replace('ATTRIBUTE_TYPE_', '').toLowerCase()}${multiValued ? ' list' : ''}`,
        immutable ? 'set once' : '',
      ]),
  );
  return aligned([['SCHEMA', 'ATTRIBUTE', 'TYPE', ''], ...rows]);
}

/** Returns an attribute and its sub-attributes by their dotted names. */
const withParts = (attribute: AttributeDefinition): AttributeDefinition[] => [
  attribute,
  ...attribute.subAttributes.map((sub) => ({ ...sub, name: `${attribute.name}.${sub.name}` })),
];

/** Returns one line per token; a sentence if there is none. */
export function tokenTable(tokens: ApiToken[]): Printable {
  if (tokens.length === 0) return printable`This organization has no tokens.`;
  const rows = tokens.map((token) => [
    token.id,
    minute(token.createTime),
    token.createdBy || '-',
    minute(token.lastUseTime),
    token.secretSuffix ?? '-',
    stateOf(token),
    token.label,
  ]);
  const table = aligned([['TOKEN ID', 'CREATED', 'BY', 'LAST USED', 'ENDS IN', 'STATE', 'LABEL'], ...rows]);
  return printable`${table}\n\nLAST USED lags behind by up to 5 minutes.`;
}

function stateOf({ revokeTime, expireTime }: ApiToken): string {
  if (revokeTime) return `revoked ${minute(revokeTime)}`;
  if (!expireTime) return 'live';
  return expireTime.getTime() <= Date.now() ? `expired ${minute(expireTime)}` : `live until ${minute(expireTime)}`;
}

/** Returns one line per user; a sentence if there is none. */
export function userTable(users: User[]): Printable {
  if (users.length === 0) return printable`There are no such users.`;
  const rows = users.map(({ id, userName = '', externalId = '-', active, locked, updateTime }) => [
    id,
    `${active ? 'active' : 'disabled'}${locked ? ', locked' : ''}`,
    minute(updateTime),
    externalId,
    userName,
  ]);
  return aligned([['USER ID', 'STATE', 'CHANGED', 'EXTERNAL ID', 'USER NAME'], ...rows]);
}

/** Returns users of several organizations, one line each, under the organization. */
export const usersEverywhereText = (found: [Organization, User[]][]): Printable =>
  joinedLines(found.map(([{ id, displayName }, users]) => printable`${id}  ${displayName}\n${userTable(users)}\n`));

/** Returns one line per group; a sentence if there is none. */
export function groupTable(groups: Group[]): Printable {
  if (groups.length === 0) return printable`There are no such groups.`;
  const rows = groups.map(({ id, displayName = '', externalId = '-', updateTime }) => [
    id,
    minute(updateTime),
    externalId,
    displayName,
  ]);
  return aligned([['GROUP ID', 'CHANGED', 'EXTERNAL ID', 'NAME'], ...rows]);
}

/** Returns a group and its members. `isAll` is false if it has more members than these. */
export function groupText(group: Group, members: Membership[], isAll: boolean): Printable {
  const rows = members.map(({ userId, display }) => [userId, display]);
  const count = `${isAll ? '' : 'more than '}${members.length} member${members.length === 1 ? '' : 's'}`;
  return printable`${groupTable([group])}\n\n${aligned([['USER ID', 'MEMBER'], ...rows])}\n\n${count}`;
}

/** Returns rows whose columns are aligned. */
export function aligned(cells: string[][]): Printable {
  const rows = cells.map((row) => row.map(escaped));
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lineOf = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return joinedLines(rows.map((row) => printable`${lineOf(row).trimEnd()}`));
}
