/** The command `admin`: organizations and their API tokens, for LeaseHawk's support. */
import { readFile } from 'node:fs/promises';
import { Option, program } from 'commander';
import type { ExtensionSchema } from '../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../proto/gen/userstore/v1/organization_service.js';
import { parseSchema, renderSchema } from './admin/schema.js';
import { organizationTable, organizationText, schemaTable, tokenTable } from './admin/tables.js';
import { adminToken, connect, type Userstore } from './admin/userstore.js';

const EXAMPLES = `
Example: a new customer, and the token that its Okta admin types
  npm run admin -- org create "Oak Street Homes"
  npm run admin -- token issue 7kq2m9xw4hbd --label "Okta, production"

Example: a new token without a gap: issue it, wait until the Okta admin has typed it, revoke the old one
  npm run admin -- token issue 7kq2m9xw4hbd --label 2027
  npm run admin -- token list 7kq2m9xw4hbd
  npm run admin -- token revoke 7kq2m9xw4hbd 0199f7c1-7d4e-7a53-9a43-2f6f8f3f9b1e

Example: attributes that the customer's Okta sends under a namespace of its own
  npm run admin -- schema set 7kq2m9xw4hbd badge.json
  where badge.json is { "id": "urn:ietf:params:scim:schemas:extension:oakstreet:2.0:User",
                        "attributes": [{ "name": "badge", "type": "string", "caseExact": true }] }

  npm run --silent admin -- org list --json | jq -r '.[].id'

The service token comes from ADMIN_TOKEN, else from service-tokens.json in DATA_DIR (default ./data).
Results go to stdout. Exit status: 0 done, 1 failed.`;

program
  .name('admin')
  .description('Creates organizations and sets how they are served; issues, lists and revokes their API tokens.')
  .option(
    '--userstore <host:port>',
    'where userstore listens; also USERSTORE_ADDRESS',
    process.env.USERSTORE_ADDRESS || '127.0.0.1:50051',
  )
  .option('--json', 'print JSON instead of text')
  .addHelpText('after', EXAMPLES);

const org = program.command('org').description("LeaseHawk's customers");
org
  .command('create <name>')
  .description('create an organization')
  .action((name: string) =>
    run(async (userstore) => {
      const organization = await userstore.createOrganization(name);
      const next = `Next, a token for its Okta: npm run admin -- token issue ${organization.id}`;
      return [organization, `${organizationTable([organization])}\n\n${next}`];
    }),
  );
org
  .command('list')
  .description('list all organizations, oldest first')
  .action(() =>
    run(async (userstore) => {
      const organizations = await userstore.listOrganizations();
      return [organizations, organizationTable(organizations)];
    }),
  );

org
  .command('show <organizationId>')
  .description('show an organization and its settings')
  .action((organizationId: string) =>
    run(async (userstore) => {
      const organization = await userstore.getOrganization(organizationId);
      return [organization, organizationText(organization)];
    }),
  );
org
  .command('set <organizationId>')
  .description('change settings of an organization; edges follow within 3 seconds')
  .option('--name <text>', 'what people call it')
  .addOption(
    new Option('--strict <on|off>', 'refuse attributes that are in none of its schemas').choices(['on', 'off']),
  )
  .action((organizationId: string, { name, strict }: { name?: string; strict?: string }) =>
    run(async (userstore) => {
      if (name === undefined && strict === undefined) throw new Error('There is nothing to set; see --help.');
      const organization = await userstore.updateOrganization(organizationId, () => ({
        ...(name === undefined ? {} : { displayName: name }),
        ...(strict === undefined ? {} : { strictSchemas: strict === 'on' }),
      }));
      return [organization, organizationText(organization)];
    }),
  );

const schema = program
  .command('schema')
  .description('an organization’s own schemas: attributes that its Okta sends under another namespace');
schema
  .command('set <organizationId> <file>')
  .description('add the schema in a file of SCIM JSON, or replace the one with its id')
  .action((organizationId: string, file: string) =>
    run(async (userstore) => {
      const given = parseSchema(await readFile(file, 'utf8'));
      return schemasShown(await userstore.updateOrganization(organizationId, withSchemas(given.id, [given])));
    }),
  );
schema
  .command('list <organizationId>')
  .description('list the attributes of all schemas; with --json, the schemas as their files have them')
  .action((organizationId: string) =>
    run(async (userstore) => schemasShown(await userstore.getOrganization(organizationId))),
  );
schema
  .command('remove <organizationId> <urn>')
  .description('remove a schema; values that users have under it stay')
  .action((organizationId: string, urn: string) =>
    run(async (userstore) => {
      const { extensionSchemas } = await userstore.getOrganization(organizationId);
      if (!extensionSchemas.some(({ id }) => isSameUrn(id, urn))) throw new Error(`There is no schema ${urn}.`);
      return schemasShown(await userstore.updateOrganization(organizationId, withSchemas(urn, [])));
    }),
  );

/** Puts schemas in the place of the one with this id. */
const withSchemas =
  (urn: string, given: ExtensionSchema[]) =>
  ({ extensionSchemas }: Organization) => ({
    extensionSchemas: [...extensionSchemas.filter(({ id }) => !isSameUrn(id, urn)), ...given],
  });
const isSameUrn = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
const schemasShown = ({ extensionSchemas }: Organization): [value: unknown, text: string] => [
  extensionSchemas.map(renderSchema),
  schemaTable(extensionSchemas),
];

const token = program.command('token').description('the API tokens with which an organization’s Okta authenticates');
token
  .command('issue <organizationId>')
  .description('issue a token and print its secret, this once')
  .option('--label <text>', 'what the token is for', 'issued with admin')
  .action((organizationId: string, { label }: { label: string }) =>
    run(async (userstore) => {
      const { apiToken, secret } = await userstore.issueToken(organizationId, label);
      const value = `apikey ${secret}`;
      const text = `API Token  ${value}\nToken id   ${apiToken.id}\n\nThe token is not shown again: hand it over now.`;
      return [{ ...apiToken, value }, text];
    }),
  );
token
  .command('list <organizationId>')
  .description('list the tokens of an organization, revoked ones too, oldest first')
  .action((organizationId: string) =>
    run(async (userstore) => {
      const tokens = await userstore.listTokens(organizationId);
      return [tokens, tokenTable(tokens)];
    }),
  );
token
  .command('revoke <organizationId> <tokenId>')
  .description('end a token for good')
  .action((organizationId: string, tokenId: string) =>
    run(async (userstore) => {
      const apiToken = await userstore.revokeToken(organizationId, tokenId);
      return [apiToken, tokenTable([apiToken])];
    }),
  );

await program.parseAsync();

/** Connects, does the work, and prints its result: the value as JSON or the text. An error is one line. */
async function run(work: (userstore: Userstore) => Promise<[value: unknown, text: string]>): Promise<void> {
  const { userstore: address, json } = program.opts<{ userstore: string; json?: boolean }>();
  try {
    const userstore = connect(address, await adminToken(process.env.DATA_DIR || './data'));
    const [value, text] = await work(userstore);
    console.log(json ? JSON.stringify(value, null, 2) : text);
    userstore.close();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
