/** The commands on an organization's own schemas. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { parseSchema, renderSchema } from '../../proto/schema-file.js';
import { type Result, runIn } from './run.js';
import { schemaTable } from './tables.js';

/** Adds `schema …`. */
export function schemaCommands(program: Command): void {
  const schema = program
    .command('schema')
    .description('schemas of an organization: attributes that its Okta sends under another namespace');
  schema
    .command('set <organization> <file>')
    .description('add a schema from a file of SCIM JSON, or replace the schema with the same id')
    .action((organization: string, file: string) =>
      runIn(organization, async ({ userstore, organizationId }) => {
        const given = parseSchema(await readFile(file, 'utf8'));
        return result(await userstore.updateOrganization(organizationId, withSchemas(given.id, [given])));
      }),
    );
  schema
    .command('list <organization>')
    .description('list the attributes of all schemas; with --json, the schemas in the form of their files')
    .action((organization: string) => runIn(organization, async ({ organization }) => result(organization)));
  schema
    .command('remove <organization> <urn>')
    .description('remove a schema; the values of users under it stay')
    .action((organization: string, urn: string) =>
      runIn(organization, async ({ userstore, organizationId, organization: { extensionSchemas } }) => {
        if (!extensionSchemas.some(({ id }) => isSameUrn(id, urn))) throw new Error(`There is no schema ${urn}.`);
        return result(await userstore.updateOrganization(organizationId, withSchemas(urn, [])));
      }),
    );
}

/** Replaces the schema with this id. */
const withSchemas =
  (urn: string, given: ExtensionSchema[]) =>
  ({ extensionSchemas }: Organization) => ({
    extensionSchemas: [...extensionSchemas.filter(({ id }) => !isSameUrn(id, urn)), ...given],
  });

const isSameUrn = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

const result = ({ extensionSchemas }: Organization): Result => [
  extensionSchemas.map(renderSchema),
  schemaTable(extensionSchemas),
];
