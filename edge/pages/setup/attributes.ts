/** The attributes that LeaseHawk takes from Okta. Pure. */
import type { AttributeDefinition } from '../../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization } from '../../../proto/gen/userstore/v1/organization_service.js';
import { CORE_USER, ENTERPRISE_USER } from '../../scim/attributes.js';
import { CORE_GROUP } from '../../scim/resource-types.js';
import { type Html, html } from '../html.js';

type Attribute = readonly [names: string, meaning: string];

const ATTRIBUTES: readonly Attribute[] = [
  [
    'userName',
    'Required. At most 256 characters; unique in your organization, whatever its letter case. May be renamed.',
  ],
  ['active', 'Set by Okta: false disables the user.'],
  ['externalId', 'Set by Okta: its own id of the user.'],
  [
    'name.givenName, name.familyName, name.middleName, name.honorificPrefix, name.honorificSuffix, name.formatted',
    'Text.',
  ],
  ['displayName, nickName, title, userType, profileUrl, locale, timezone, preferredLanguage', 'Text.'],
  [
    'emails, phoneNumbers, addresses, ims, photos, roles, entitlements, x509Certificates',
    'Lists; at most one value is primary.',
  ],
];
const GROUP_ATTRIBUTES: readonly Attribute[] = [
  ['displayName', 'Required. At most 256 characters; unique in your organization, whatever its letter case.'],
  ['members', 'Users of LeaseHawk; there is no limit to their number.'],
];
const ENTERPRISE_ATTRIBUTES: readonly Attribute[] = [
  ['employeeNumber, costCenter, organization, division, department, manager.value, manager.displayName', 'Text.'],
];

/** Renders the table of the attributes that LeaseHawk takes, with the schemas that the organization declared. */
export function attributes({ extensionSchemas, strictSchemas }: Organization): Html {
  const other = strictSchemas
    ? 'Other attributes are refused for your organization.'
    : 'Attributes that you add in the Profile Editor with an external namespace of your own are kept and returned as they came.';
  return html`<h2 id="attributes">Attributes</h2>
<table class="stack">
<caption>What LeaseHawk takes from Okta. The external names are those of SCIM 2.0.</caption>
<thead><tr><th scope="col">External name</th><th scope="col">In LeaseHawk</th></tr></thead>
${namespace(CORE_USER, ATTRIBUTES)}
${namespace(ENTERPRISE_USER, ENTERPRISE_ATTRIBUTES)}
${namespace(CORE_GROUP, GROUP_ATTRIBUTES)}
${extensionSchemas.map(({ id, attributes }) => namespace(id, attributes.map(ownAttribute)))}
</table>
<p>${other}</p>`;
}

const namespace = (id: string, rows: readonly Attribute[]) => html`<tbody>
<tr><th scope="rowgroup" colspan="2">External namespace <code>${id}</code></th></tr>
${rows.map(
  ([names, meaning]) => html`<tr><td>${names}</td><td>${meaning}</td></tr>
`,
)}</tbody>
`;

const ownAttribute = ({ name, description, immutable, subAttributes }: AttributeDefinition): Attribute => [
  subAttributes.length === 0 ? name : subAttributes.map((sub) => `${name}.${sub.name}`).join(', '),
  `${description} ${immutable ? 'Set once.' : ''}`,
];
