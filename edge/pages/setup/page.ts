/** The setup guide for an organization's Okta admin, with the organization's own values and no secret. Pure. */
import type { Organization } from '../../../proto/gen/userstore/v1/organization_service.js';
import { dateText } from '../dates.js';
import { type Html, html } from '../html.js';
import { supportAt } from '../support.js';
import { attributes } from './attributes.js';
import { type SignInState, singleSignOn } from './single-sign-on.js';
import { steps } from './steps.js';
import { troubleshooting } from './troubleshooting.js';

/** The title of the page. */
export const SETUP_TITLE = 'Set up LeaseHawk provisioning in Okta';

/** The values of the page besides the organization's. */
export interface SetupValues {
  /** The organization's base URL. */
  baseUrl: string;
  /** Undefined: sign-in is not configured. */
  signIn: SignInState | undefined;
  /** The e-mail address or HTTPS address of LeaseHawk support. */
  supportContact: string | undefined;
  /** The time at which the page is made. */
  time: Date;
}

/** Renders the guide of an organization. */
export function setupPage(organization: Organization, { baseUrl, signIn, supportContact, time }: SetupValues): Html {
  return html`<h1>${SETUP_TITLE}</h1>
<p>For the Okta admin of <strong>${organization.displayName}</strong>.</p>
<p class="quiet">As of <time datetime="${time.toISOString()}">${dateText(time)}</time>. Questions: ${supportAt(supportContact)}.</p>
${organization.suspended ? SUSPENDED : undefined}
${contents(signIn !== undefined)}
${features(organization)}
${REQUIREMENTS}
${steps(organization, baseUrl)}
${attributes(organization)}
${signIn === undefined ? undefined : singleSignOn(organization, signIn)}
${troubleshooting(signIn !== undefined)}
<p class="quiet">LeaseHawk support finds every request of your Okta by its time, the user, or the id in the answer's
<code>X-Request-Id</code>.</p>`;
}

const SUSPENDED = html`<p class="note"><strong>This organization is suspended at LeaseHawk.</strong> Okta is refused, and
nobody can sign in, until LeaseHawk support resumes it.</p>
`;

const contents = (hasSignIn: boolean) => html`<nav aria-label="Contents"><ul>
<li><a href="#features">Supported features</a></li>
<li><a href="#requirements">Requirements</a></li>
<li><a href="#steps">Steps</a>: <a href="#catalogue-app">app of Okta's catalogue</a>, <a href="#wizard-app">app of the App
Integration Wizard</a></li>
<li><a href="#attributes">Attributes</a></li>
${hasSignIn ? html`<li><a href="#single-sign-on">Single sign-on</a></li>` : undefined}
<li><a href="#troubleshooting">Troubleshooting</a></li>
</ul></nav>`;

function features({ policy }: Organization): Html {
  const off = (refused: boolean | undefined) =>
    refused ? html` <strong>Switched off for your organization; LeaseHawk support can allow it.</strong>` : undefined;
  return html`<h2 id="features">Supported features</h2>
<ul>
<li><strong>Create users</strong>: a user assigned to the LeaseHawk app in Okta appears in LeaseHawk.${off(policy?.refuseCreate)}</li>
<li><strong>Update user attributes</strong>: what changes in Okta changes in LeaseHawk.${off(policy?.refuseUpdate)}</li>
<li><strong>Deactivate users</strong>: a user deactivated or unassigned in Okta is disabled in LeaseHawk and cannot log
in. Nobody is deleted: reactivated, the same user is back.${off(policy?.refuseDeactivate)}</li>
<li><strong>Push groups</strong>: groups that you choose in Okta appear in LeaseHawk with their members, of any number, and
follow what changes in Okta.</li>
<li><strong>Import</strong>: Okta can read the users and groups that LeaseHawk has.</li>
</ul>
<p>Passwords are never taken over. The members of a group are users; a group within a group is refused.</p>`;
}

const REQUIREMENTS = html`<h2 id="requirements">Requirements</h2>
<ul>
<li>You can administer applications in your Okta organization.</li>
<li>You have an <strong>API Token</strong> from LeaseHawk support. It is shown once, so keep it safe; if it is lost, ask
for another.</li>
<li>If your network lets Okta reach named services only, LeaseHawk's address has to be one of them.</li>
</ul>`;
