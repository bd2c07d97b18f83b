/** The page of an organization's own schemas. */
import type { JSX } from 'preact';
import {
  type AttributeDefinition,
  AttributeType,
  type ExtensionSchema,
} from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { renderSchema } from '../../proto/schema-file.js';
import type { Session } from '../staff/sessions.js';
import { ActLinks, OrganizationPage } from './organization.js';
import { Outside, Table } from './text.js';

/** The schemas with their attributes, and the JSON that declares each. */
export function SchemasPage({ session, organization }: { session: Session; organization: Organization }): JSX.Element {
  const base = `/organizations/${organization.id}`;
  const { role } = session.staff;
  return (
    <OrganizationPage session={session} organization={organization} tab="schemas">
      <p>
        Attributes that no schema declares are{' '}
        {organization.strictSchemas ? 'refused.' : 'stored as Okta sends them, whatever they are.'}
      </p>
      {organization.extensionSchemas.length === 0 && <p class="quiet">The organization has no schema.</p>}
      {organization.extensionSchemas.map((schema) => (
        <section aria-label={schema.id}>
          <h2>
            <bdi>{schema.displayName || schema.id}</bdi>
          </h2>
          <p>
            <code>{schema.id}</code> <bdi>{schema.description}</bdi>
          </p>
          <Attributes schema={schema} />
          <details>
            <summary>As JSON</summary>
            <pre>{JSON.stringify(renderSchema(schema), undefined, 2)}</pre>
          </details>
          <ActLinks
            role={role}
            acts={[[`${base}/schemas/${encodeURIComponent(schema.id)}/acts/remove`, 'Remove', 'admin']]}
          />
        </section>
      ))}
      <ActLinks role={role} acts={[[`${base}/acts/declare-schema`, 'Declare a schema', 'admin']]} />
    </OrganizationPage>
  );
}

/** Returns attributes with the parts of complex ones after them, by their names in filters. */
const withParts = (attributes: readonly AttributeDefinition[]): AttributeDefinition[] =>
  attributes.flatMap((attribute) => [
    attribute,
    ...attribute.subAttributes.map((part) => ({ ...part, name: `${attribute.name}.${part.name}` })),
  ]);

/** "ATTRIBUTE_TYPE_DATE_TIME" → "date time". */
const typeText = (type: AttributeType) =>
  (AttributeType[type] ?? '').replace('ATTRIBUTE_TYPE_', '').replaceAll('_', ' ').toLowerCase();

const Attributes = ({ schema }: { schema: ExtensionSchema }) => (
  <Table
    label={`Attributes of ${schema.id}`}
    items={withParts(schema.attributes)}
    none="The schema has no attribute."
    columns={[
      ['Attribute', ({ name }) => <code>{name}</code>],
      ['Type', ({ type, multiValued }) => `${typeText(type)}${multiValued ? ', several values' : ''}`],
      [
        'Rules',
        ({ immutable, returnedOnRequest, caseExact }) =>
          [immutable && 'set once', returnedOnRequest && 'returned on request', caseExact && 'case matters']
            .filter(Boolean)
            .join(', ') || '—',
      ],
      ['Description', ({ description }) => <Outside text={description} />],
    ]}
  />
);
