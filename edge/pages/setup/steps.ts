/** The steps to set up provisioning, for both kinds of app that Okta has. Pure. */
import type { Organization, ProvisioningPolicy } from '../../../proto/gen/userstore/v1/organization_service.js';
import { type Html, html } from '../html.js';
import { copyable } from './copy.js';

/** Where the Okta admin has the API token from, in the words of the public setup page. */
const BY_SUPPORT = 'what LeaseHawk support gave you';

/** Renders the steps of an organization with this base URL; `token` says which API token to enter. */
export const steps = (
  organization: Organization,
  baseUrl: string,
  token = BY_SUPPORT,
): Html => html`<h2 id="steps">Steps</h2>
<p>Okta has two kinds of app, with different buttons. Follow the steps for yours.</p>
${catalogueApp(organization, token)}
${wizardApp(organization, baseUrl)}`;

const catalogueApp = (
  { id, policy }: Organization,
  token: string,
) => html`<h3 id="catalogue-app">The app of Okta's catalogue</h3>
<ol>
<li>In the Okta Admin Console, open <strong>Applications</strong>. If LeaseHawk is not in the list, press
<strong>Browse App Catalog</strong>, find <strong>LeaseHawk</strong>, and press <strong>Add Integration</strong>.</li>
<li>Open <strong>LeaseHawk</strong>, then <strong>Provisioning</strong>.</li>
<li>Press <strong>Configure API Integration</strong> and tick <strong>Enable API Integration</strong>.</li>
<li>As <strong>Organization ID</strong> enter ${copyable('Organization ID', id)}</li>
<li>As <strong>API Token</strong> enter ${token}, with the word <code>apikey</code> and the blank
in front, in this form: <code>apikey 689c872e-5fae-438c-9467-0c9fc33c882e</code></li>
<li>Press <strong>Test API Credentials</strong>. When Okta says that they were verified, press <strong>Save</strong>.</li>
${afterSaving(policy)}
</ol>`;

const wizardApp = (
  { policy }: Organization,
  baseUrl: string,
) => html`<h3 id="wizard-app">An app that you made yourself with
the App Integration Wizard</h3>
<p>The wizard offers provisioning for apps with the sign-on method <strong>SAML 2.0</strong> or <strong>SWA</strong>, and in
some Okta organizations for <strong>OIDC</strong> too. Any of them serves for provisioning alone.</p>
<ol>
<li>Open the app, then <strong>General</strong>. At <strong>App Settings</strong> press <strong>Edit</strong>, tick
<strong>Enable SCIM provisioning</strong> (as <strong>Provisioning</strong> choose <strong>SCIM</strong>), and press
<strong>Save</strong>. The app now has the tab <strong>Provisioning</strong>.</li>
<li>Open <strong>Provisioning</strong>, then <strong>Integration</strong>, and press <strong>Edit</strong>.</li>
<li>As <strong>SCIM connector base URL</strong> enter ${copyable('SCIM connector base URL', baseUrl)}</li>
<li>As <strong>Unique identifier field for users</strong> enter ${copyable('Unique identifier field', 'userName')}</li>
<li>As <strong>Supported provisioning actions</strong> tick <strong>Import New Users and Profile Updates</strong>,
<strong>Push New Users</strong>, <strong>Push Profile Updates</strong>, <strong>Push Groups</strong> and <strong>Import
Groups</strong>.</li>
<li>As <strong>Authentication Mode</strong> choose <strong>HTTP Header</strong>, and enter the token alone, without the word
<code>apikey</code>, in this form: <code>689c872e-5fae-438c-9467-0c9fc33c882e</code>. Okta puts <code>Bearer</code> in front
of it itself.</li>
<li>Press <strong>Test Connector Configuration</strong>. When Okta says that it was configured successfully, press
<strong>Close</strong> and <strong>Save</strong>.</li>
${afterSaving(policy)}
</ol>`;

/** Renders the steps that both kinds of app share. */
const afterSaving = (policy: ProvisioningPolicy | undefined) => html`<li>Open <strong>To App</strong>, press
<strong>Edit</strong>, tick ${ticks(policy)}, and press <strong>Save</strong>.</li>
<li>Open <strong>Assignments</strong> and assign the people who are to use LeaseHawk. For those who were assigned before the
step above, press <strong>Provision User</strong>.</li>
<li>To push groups, open <strong>Push Groups</strong>, press <strong>Push Groups</strong>, choose groups by name or by
rule, and press <strong>Save</strong>. Only members who are assigned to the app are sent. Okta advises to use other groups
for the assignments. When you unlink a group and let Okta delete it in LeaseHawk, its members stay users.</li>`;

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
