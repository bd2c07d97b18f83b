/** The setup guide for an organization's Okta admin, with the organization's own values and no secret. Pure. */
import type { AttributeDefinition } from '../../proto/gen/userstore/v1/extension_schema.js';
import type { Organization, ProvisioningPolicy } from '../../proto/gen/userstore/v1/organization_service.js';
import { CORE_USER, ENTERPRISE_USER } from '../scim/attributes.js';
import { CORE_GROUP } from '../scim/resource-types.js';
import { type Html, html } from './html.js';

/** The title of the page. */
export const SETUP_TITLE = 'Set up LeaseHawk provisioning in Okta';

/**
 * Renders the guide of an organization with the base URL `baseUrl`. `signInUrl` is the edge's own address, where people
 * sign in; undefined: sign-in is not configured.
 */
export function setupPage(organization: Organization, baseUrl: string, signInUrl: string | undefined): Html {
  return html`<h1>${SETUP_TITLE}</h1>
<p>For the Okta admin of <strong>${organization.displayName}</strong>.</p>
${organization.suspended ? SUSPENDED : undefined}
${features(organization)}
${REQUIREMENTS}
${steps(organization, baseUrl)}
${attributes(organization)}
${signInUrl === undefined ? undefined : singleSignOn(organization, signInUrl)}
${TROUBLESHOOTING}`;
}

const SUSPENDED = html`<p class="note"><strong>This organization is suspended at LeaseHawk.</strong> Okta is refused until
LeaseHawk support resumes it.</p>
`;

function features({ policy }: Organization): Html {
  const off = (refused: boolean | undefined) =>
    refused ? html` <strong>Switched off for your organization; LeaseHawk support can allow it.</strong>` : undefined;
  return html`<h2>Supported features</h2>
<ul>
<li><strong>Create users</strong>: a user assigned to the LeaseHawk app in Okta appears in LeaseHawk.${off(policy?.refuseCreate)}</li>
<li><strong>Update user attributes</strong>: what changes in Okta changes in LeaseHawk.${off(policy?.refuseUpdate)}</li>
<li><strong>Deactivate users</strong>: a user deactivated or unassigned in Okta is disabled in LeaseHawk and cannot log
in. Nobody is deleted: reactivated, the same user is back.${off(policy?.refuseDeactivate)}</li>
<li><strong>Push groups</strong>: groups that you choose in Okta appear in LeaseHawk with their members, of any number, and
follow what changes in Okta.</li>
<li><strong>Import</strong>: Okta can read the users and groups that LeaseHawk has.</li>
</ul>
<p>Passwords are never taken over, and groups have users in them, no groups.</p>`;
}

const REQUIREMENTS = html`<h2>Requirements</h2>
<ul>
<li>You can administer applications in your Okta organization.</li>
<li>You have an <strong>API Token</strong> from LeaseHawk support. It is shown once, so keep it safe; if it is lost, ask
for another.</li>
<li>If your network lets Okta reach named services only, the address below has to be one of them.</li>
</ul>`;

const steps = ({ id, policy }: Organization, baseUrl: string) => html`<h2>Steps</h2>
<ol>
<li>In the Okta Admin Console, open <strong>Applications</strong>, then <strong>LeaseHawk</strong>, then
<strong>Provisioning</strong>.</li>
<li>Press <strong>Configure API Integration</strong> and tick <strong>Enable API Integration</strong>.</li>
<li>As <strong>Organization ID</strong> enter <code>${id}</code></li>
<li>As <strong>API Token</strong> enter what LeaseHawk support gave you, with the word <code>apikey</code> and the blank
in front: <code>apikey 00000000-0000-0000-0000-000000000000</code> is the form.</li>
<li>Press <strong>Test API Credentials</strong>. When Okta says that they were verified, press <strong>Save</strong>.</li>
<li>Open <strong>To App</strong>, press <strong>Edit</strong>, tick ${ticks(policy)}, and press
<strong>Save</strong>.</li>
<li>Open <strong>Assignments</strong> and assign the people who are to use LeaseHawk. Those who were assigned before step
6 come with <strong>Provision User</strong>.</li>
<li>To push groups, open <strong>Push Groups</strong>, press <strong>Push Groups</strong>, choose groups by name or by
rule, and press <strong>Save</strong>. Only members who are assigned to the app are sent. Okta advises to use other groups
for the assignments of step 7. When you unlink a group and let Okta delete it in LeaseHawk, its members stay users.</li>
</ol>
<table>
<caption>For an app that you made yourself with Okta's App Integration Wizard</caption>
<tr><th scope="row">SCIM connector base URL</th><td><code>${baseUrl}</code></td></tr>
<tr><th scope="row">Unique identifier field for users</th><td><code>userName</code></td></tr>
<tr><th scope="row">Supported provisioning actions</th><td>Push New Users, Push Profile Updates, Push Groups, Import New Users and Profile Updates, Import Groups</td></tr>
<tr><th scope="row">Authentication Mode</th><td>HTTP Header, with the token alone, without the word <code>apikey</code></td></tr>
</table>`;

/** The features that the admin ticks: those that the organization has. */
function ticks(policy: ProvisioningPolicy | undefined): Html {
  const features = [
    ...(policy?.refuseCreate ? [] : ['Create Users']),
    ...(policy?.refuseUpdate ? [] : ['Update User Attributes']),
    ...(policy?.refuseDeactivate ? [] : ['Deactivate Users']),
  ].map((name) => html`<strong>${name}</strong>`);
  const [last, ...others] = features.reverse();
  if (!last) return html`nothing`;
  return others.length === 0
    ? last
    : html`${others.reverse().flatMap((one, index) => (index === 0 ? [one] : [', ', one]))} and ${last}`;
}

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

function attributes({ extensionSchemas, strictSchemas }: Organization): Html {
  const other = strictSchemas
    ? 'Other attributes are refused for your organization.'
    : 'Attributes that you add in the Profile Editor with an external namespace of your own are kept and returned as they came.';
  return html`<h2>Attributes</h2>
<table>
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

const ownAttribute = ({ name, description, immutable }: AttributeDefinition): Attribute => [
  name,
  `${description} ${immutable ? 'Set once.' : ''}`,
];

const singleSignOn = ({ id }: Organization, signInUrl: string) => html`<h2>Single sign-on</h2>
<p>People who sign in through Okta type their e-mail address at <code>${signInUrl}/login</code>, or press the tile on
Okta's dashboard. They have no other way in, unless LeaseHawk support allows one.</p>
<ol>
<li>In the Okta Admin Console, open the sign-on settings of the app: <strong>OIDC - OpenID Connect</strong>, <strong>Web
Application</strong>, grant type <strong>Authorization Code</strong>.</li>
<li>Enter the addresses of the table below.</li>
<li>As <strong>Login initiated by</strong> choose <strong>Either Okta or App</strong>, as <strong>Login flow</strong>
<strong>Redirect to app to initiate login (OIDC Compliant)</strong>, and show the app to users, for the tile.</li>
<li>Give LeaseHawk support your Okta domain, <code>https://your-company.okta.com</code> or a domain of your own, the
<strong>Client ID</strong>, the <strong>Client secret</strong> by a way that is safe, and the domains of your people's
e-mail addresses.</li>
<li>Assign people to the app. Provisioning must have pushed a person to LeaseHawk before they can sign in.</li>
</ol>
<table>
<caption>What Okta asks for</caption>
<tr><th scope="row">Sign-in redirect URI</th><td><code>${signInUrl}/login/return/${id}</code></td></tr>
<tr><th scope="row">Sign-out redirect URI</th><td><code>${signInUrl}/logout</code></td></tr>
<tr><th scope="row">Initiate login URI</th><td><code>${signInUrl}/login/okta</code></td></tr>
<tr><th scope="row">Universal Logout: global token revocation endpoint</th><td><code>${signInUrl}/login/global-token-revocation</code>,
signed JWT, subject by issuer and subject identifier or by e-mail address</td></tr>
</table>
<table>
<caption>Which claim of Okta's ID token is which attribute of the user. Nobody is found by e-mail address.</caption>
<thead><tr><th scope="col">Claim</th><th scope="col">In LeaseHawk</th></tr></thead>
<tr><th scope="row"><code>sub</code></th><td><code>externalId</code>: Okta's own id of the user</td></tr>
<tr><th scope="row"><code>preferred_username</code></th><td><code>userName</code>, at the first sign-in of a user without
such an <code>externalId</code>: the application username format is then Okta username</td></tr>
</table>`;

const TROUBLES: readonly (readonly [shown: string, because: string, remedy: string])[] = [
  [
    'The API token is not valid for this organization.',
    'The token is mistyped, lacks the word apikey and the blank, has ended, or is another organization’s; or the Organization ID is mistyped.',
    'Enter both again. If that does not help, ask LeaseHawk support for a new token.',
  ],
  [
    'Connect timed out',
    'Okta cannot reach the base URL.',
    'Look at what stands between: allow lists, and LeaseHawk’s status.',
  ],
  [
    'The userName is already used by another user of this organization, active or not.',
    'Another user in LeaseHawk, perhaps a disabled one, has this name.',
    'Rename one of the two, or let Okta link the user who is there: unassign and assign again.',
  ],
  [
    'userName is required.',
    'This and the like: the mapping of the attribute it names gives no value, or one that cannot be stored.',
    'Correct the mapping under To App → Attribute Mappings, then press Retry in Okta’s Tasks.',
  ],
  [
    'The displayName is already used by another group of this organization.',
    'Another group in LeaseHawk has the name of the one that Okta pushes.',
    'Link the two: under Push Groups choose Link Group instead of Create Group; or rename one of them.',
  ],
  [
    'There is no group with this id.',
    'A pushed group is gone from LeaseHawk.',
    'Unlink it under Push Groups and push it again.',
  ],
  [
    'Too many requests',
    'Okta sends faster than agreed.',
    'Nothing: Okta waits and goes on by itself. If it happens often, ask LeaseHawk support for more.',
  ],
  [
    'You do not have access to LeaseHawk. Ask your Okta administrator.',
    'Shown to a person who signs in: their user was not pushed to LeaseHawk, is disabled there, or is linked to another Okta user.',
    'Assign the user to the app and check under Tasks that Okta pushed the user. With the reference number on the page LeaseHawk support can say more.',
  ],
  [
    'This organization is suspended at LeaseHawk',
    'LeaseHawk has suspended the organization.',
    'Ask LeaseHawk support.',
  ],
  [
    'The user store cannot be reached at the moment; try again.',
    'LeaseHawk has trouble.',
    'Press Retry in Okta’s Tasks a little later.',
  ],
];

const TROUBLESHOOTING = html`<h2>Troubleshooting</h2>
<p>Okta shows LeaseHawk's own words: at the test, on the user's assignment, and under <strong>Dashboard → Tasks</strong>.</p>
<dl>
${TROUBLES.map(
  ([shown, because, remedy]) => html`<dt>“${shown}”</dt><dd>${because} ${remedy}</dd>
`,
)}</dl>
<p class="quiet">LeaseHawk support finds every request of your Okta by its time, the user, or the id in the answer's
<code>X-Request-Id</code>.</p>`;
