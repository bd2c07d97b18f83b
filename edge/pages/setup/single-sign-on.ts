/** The steps to set up single sign-on, and the state of it. Pure. */
import type { Organization } from '../../../proto/gen/userstore/v1/organization_service.js';
import type { SsoConnection } from '../../../proto/gen/userstore/v1/sso_connection_service.js';
import { type Html, html } from '../html.js';
import { copyable } from './copy.js';

/** Sign-in as the page shows it. */
export interface SignInState {
  /** The edge's own address, where people sign in. */
  url: string;
  /** The connection; undefined: there is none yet. "unknown": the edge cannot tell. */
  connection: Pick<SsoConnection, 'issuer' | 'domains' | 'required'> | 'unknown' | undefined;
  /** Whether people can sign in with a password here, if their organization allows it. */
  hasPasswords: boolean;
}

/** Where the values of the provider go, in the words of the public setup page. */
const BY_SUPPORT = {
  whoConnects: 'LeaseHawk support has connected it, with the values of step 4',
  step: html`Give LeaseHawk support your Okta domain, <code>https://your-company.okta.com</code> or a domain of your own, the
<strong>Client ID</strong>, the <strong>Client secret</strong> by a way that is safe, and the domains of your people's
e-mail addresses.`,
};

/** Renders the section; `handOver` says where the values of the provider go. */
export const singleSignOn = (
  organization: Organization,
  signIn: SignInState,
  handOver = BY_SUPPORT,
): Html => html`<h2 id="single-sign-on">Single
sign-on</h2>
${state(organization, signIn, handOver.whoConnects)}
${steps(organization, signIn.url, handOver.step)}
${CLAIMS}`;

function state({ suspended }: Organization, { url, connection, hasPasswords }: SignInState, whoConnects: string): Html {
  if (connection === 'unknown') {
    return html`<p class="note">LeaseHawk cannot show at the moment whether single sign-on is connected. Ask LeaseHawk
support.</p>`;
  }
  if (connection === undefined) {
    return html`<p class="note"><strong>Not connected yet.</strong> Nobody of your organization signs in through Okta before
${whoConnects}.</p>`;
  }
  const { issuer, domains, required } = connection;
  const isOnlyWay = required !== false || !hasPasswords;
  return html`<p class="note"><strong>Connected</strong> to <code>${issuer}</code>, for e-mail addresses of
${domains.map((domain, index) => html`${index === 0 ? '' : ', '}<code>${domain}</code>`)}.
${suspended ? html`While the organization is suspended, nobody can sign in.` : undefined}</p>
<p>People type their e-mail address at ${copyable('login page', `${url}/login`)}, or press the tile on Okta's dashboard.
${isOnlyWay ? 'They have no other way in.' : 'LeaseHawk support has allowed them to use a password instead.'}</p>`;
}

const steps = (
  { id }: Organization,
  url: string,
  handOver: Html,
) => html`<p>The app of Okta's catalogue has provisioning and single sign-on
together. If you made the app yourself, you probably need <strong>two apps</strong>: the wizard mostly has no provisioning for
OIDC apps, and LeaseHawk signs people in by OIDC only. Make a second app, <strong>Create App Integration</strong>, <strong>OIDC
- OpenID Connect</strong>, <strong>Web Application</strong>, and assign the same people to both. Hide the tile of the app for
provisioning.</p>
<ol>
<li>In the Okta Admin Console, open the sign-on settings of the app: <strong>OIDC - OpenID Connect</strong>, <strong>Web
Application</strong>, grant type <strong>Authorization Code</strong>.</li>
<li>Enter the addresses of the table below.</li>
<li>As <strong>Login initiated by</strong> choose <strong>Either Okta or App</strong>, as <strong>Login flow</strong>
choose <strong>Redirect to app to initiate login (OIDC Compliant)</strong>, and show the app to users, for the tile.</li>
<li>${handOver}</li>
<li>Assign people to the app. Provisioning must have pushed a person to LeaseHawk before they can sign in.</li>
</ol>
<table class="stack">
<caption>What Okta asks for</caption>
<tr><th scope="row">Sign-in redirect URI</th><td>${copyable('sign-in redirect URI', `${url}/login/return/${id}`)}</td></tr>
<tr><th scope="row">Sign-out redirect URI</th><td>${copyable('sign-out redirect URI', `${url}/logout`)}</td></tr>
<tr><th scope="row">Initiate login URI</th><td>${copyable('initiate login URI', `${url}/login/okta`)}</td></tr>
<tr><th scope="row">Universal Logout: global token revocation endpoint</th><td>${copyable(
  'global token revocation endpoint',
  `${url}/login/global-token-revocation`,
)}, signed JWT, subject by issuer and subject identifier or by e-mail address</td></tr>
</table>`;

const CLAIMS = html`<table class="stack">
<caption>Which claim of Okta's ID token is which attribute of the user. Nobody is found by e-mail address.</caption>
<thead><tr><th scope="col">Claim</th><th scope="col">In LeaseHawk</th></tr></thead>
<tr><th scope="row"><code>sub</code></th><td><code>externalId</code>: Okta's own id of the user</td></tr>
<tr><th scope="row"><code>preferred_username</code></th><td><code>userName</code>, at the first sign-in of a user without
such an <code>externalId</code>: the application username format is then Okta username</td></tr>
</table>`;
