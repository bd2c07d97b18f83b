/** Organizations and API tokens as aligned text. */
import type { ApiToken } from '../../proto/gen/userstore/v1/api_token_service.js';
import { AttributeType, type ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';

/** A line for each organization; a sentence when there is none. */
export function organizationTable(organizations: Organization[]): string {
  if (organizations.length === 0) return 'There are no organizations.';
  const rows = organizations.map(({ id, displayName, createTime }) => [id, day(createTime), displayName]);
  return aligned([['ORGANIZATION ID', 'CREATED', 'NAME'], ...rows]);
}

/** An organization and its settings. */
export function organizationText(organization: Organization): string {
  const { strictSchemas, extensionSchemas } = organization;
  return `${organizationTable([organization])}

Unknown attributes  ${strictSchemas ? 'refused' : 'passed over; those of extensions kept'}
Own schemas         ${extensionSchemas.map(({ id }) => id).join(', ') || 'none'}`;
}

/** A line for each attribute of each schema; a sentence when there is none. */
export function schemaTable(schemas: ExtensionSchema[]): string {
  if (schemas.length === 0) return 'This organization has no schemas of its own.';
  const rows = schemas.flatMap((schema) =>
    schema.attributes.map(({ name, type, multiValued, immutable }) => [
      schema.id,
      name,
      `${AttributeType[type].replace('ATTRIBUTE_TYPE_', '').toLowerCase()}${multiValued ? ' list' : ''}`,
      immutable ? 'set once' : '',
    ]),
  );
  return aligned([['SCHEMA', 'ATTRIBUTE', 'TYPE', ''], ...rows]);
}

/** A line for each token; a sentence when there is none. */
export function tokenTable(tokens: ApiToken[]): string {
  if (tokens.length === 0) return 'This organization has no tokens.';
  const rows = tokens.map(({ id, createTime, revokeTime, label }) => [id, day(createTime), day(revokeTime), label]);
  return aligned([['TOKEN ID', 'CREATED', 'REVOKED', 'LABEL'], ...rows]);
}

function day(time: Date | undefined): string {
  return time ? time.toISOString().slice(0, 16).replace('T', ' ') : '-';
}

function aligned(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
