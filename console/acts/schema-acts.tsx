/** The acts on an organization's own schemas. */
import type { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { parseSchema } from '../../proto/schema-file.js';
import { PageError } from '../page-error.js';
import { Area } from '../pages/fields.js';
import { organizationAt } from '../userstore.js';
import type { Acts, Subject } from './act.js';

const EXAMPLE = `{
  "id": "urn:acme:1.0:User",
  "name": "Acme",
  "attributes": [
    { "name": "badge", "type": "string" }
  ]
}`;

const isSameUrn = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

/** Replaces the schema with this id by those that are given. */
async function replace({ userstore, organizationId, actor }: Subject, urn: string, given: ExtensionSchema[]) {
  const organization = await organizationAt(userstore, organizationId);
  const others = organization.extensionSchemas.filter(({ id }) => !isSameUrn(id, urn));
  const changed = { ...organization, extensionSchemas: [...others, ...given] };
  // The list is replaced as a whole: the version makes sure that nobody else has changed it meanwhile.
  const { etag } = organization;
  const updateMask = ['extension_schemas'];
  await userstore.updateOrganization({ organizationId, actor, organization: changed, updateMask, etag });
  return { to: `/organizations/${organizationId}/schemas` };
}

function schemaIn(text: string): ExtensionSchema {
  try {
    return parseSchema(text);
  } catch (error) {
    throw new PageError(400, 'The schema cannot be used', error instanceof Error ? error.message : String(error));
  }
}

/** The declaration of a schema. */
export const NEW_SCHEMA_ACTS: Acts = {
  'declare-schema': {
    title: 'Declare a schema',
    role: 'admin',
    form: () => (
      <>
        <p>
          The schema in SCIM's JSON (RFC 7643 section 7), as the organization's Okta sends the attributes. It replaces
          the schema with the same id.
        </p>
        <Area name="schema" label="Schema" value={EXAMPLE} />
      </>
    ),
    async perform(subject, form) {
      const schema = schemaIn(form.schema ?? '');
      return await replace(subject, schema.id, [schema]);
    },
  },
};

/** The acts on a schema. */
export const SCHEMA_ACTS: Acts = {
  remove: {
    title: 'Remove the schema',
    role: 'admin',
    form: ({ schemaId }) => (
      <p>
        It removes the schema <code>{schemaId}</code>. The values of users under it stay. A strict organization refuses
        them from then on.
      </p>
    ),
    perform: (subject) => replace(subject, subject.schemaId, []),
  },
};
