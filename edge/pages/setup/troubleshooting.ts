/** The messages that Okta admins see, with causes and remedies. Pure. */
import { type Html, html } from '../html.js';

type Trouble = readonly [shown: string, because: string, remedy: string];

const CONNECTION: readonly Trouble[] = [
  [
    'The API token came with both words, "Bearer" and "apikey".',
    'An app of the App Integration Wizard puts Bearer in front of the token itself.',
    'Enter the token alone, without the word apikey.',
  ],
  [
    'The API token came without the word "apikey".',
    'The app of the catalogue sends what you enter, and the word is missing.',
    'Enter the word apikey, a blank, and the token.',
  ],
  [
    'The API token was revoked',
    'LeaseHawk support has revoked the token, or replaced it by another. “The API token expired” means that its time is over.',
    'Ask LeaseHawk support for a new token, and enter it.',
  ],
  [
    'The API token is not valid for this organization.',
    'The token or the Organization ID is mistyped, or they belong to different organizations.',
    'Enter both again. If that does not help, ask LeaseHawk support for a new token.',
  ],
  [
    'Connect timed out',
    'Okta cannot reach the base URL.',
    'Look at what stands between: allow lists, and LeaseHawk’s status.',
  ],
  [
    'This organization is suspended at LeaseHawk',
    'LeaseHawk has suspended the organization.',
    'Ask LeaseHawk support.',
  ],
  [
    'Too many requests',
    'Okta sends faster than agreed.',
    'You need not do anything: Okta waits and goes on by itself. If it happens often, ask LeaseHawk support for a higher limit.',
  ],
  [
    'The user store cannot be reached at the moment; try again.',
    'LeaseHawk has trouble.',
    'Press Retry in Okta’s Tasks a little later.',
  ],
];

const RESOURCES: readonly Trouble[] = [
  [
    'The userName is already used by another user of this organization.',
    'Another user in LeaseHawk has this name. The message says whether that user is active or disabled, and which externalId (Okta’s id of the user) they have.',
    'If it is the same person, let Okta link the user who is there: unassign and assign again. If not, rename one of the two.',
  ],
  [
    'userName is required.',
    'This and the like: the mapping of the attribute it names gives no value, or one that cannot be stored.',
    'Correct the mapping under To App → Attribute Mappings, then press Retry in Okta’s Tasks.',
  ],
  [
    'The displayName is already used by another group of this organization.',
    'Another group in LeaseHawk has the name of the one that Okta pushes. The message has its id and externalId.',
    'Link the two: under Push Groups choose Link Group instead of Create Group; or rename one of them.',
  ],
  [
    'There is no group with this id.',
    'A pushed group is gone from LeaseHawk.',
    'Unlink it under Push Groups and push it again.',
  ],
];

const SIGN_IN: readonly Trouble[] = [
  [
    'You do not have access to LeaseHawk. Ask your Okta administrator.',
    'Shown to a person who signs in: they are not assigned to the app, their user was not pushed to LeaseHawk, or it is disabled there.',
    'Assign the user to the app and check under Tasks that Okta pushed the user. With the reference number on the page LeaseHawk support can say more.',
  ],
  [
    'Your access to LeaseHawk is blocked.',
    'LeaseHawk has locked the user or suspended the organization, or the user is linked to an earlier Okta account of the person.',
    'You cannot change that in Okta. Ask LeaseHawk support, with the reference number on the page.',
  ],
  [
    'Sign-in is not set up correctly',
    'Okta does not accept the client id or the client secret that LeaseHawk has, perhaps because the secret was renewed in Okta.',
    'Give LeaseHawk support the present client secret by a way that is safe.',
  ],
];

const list = (troubles: readonly Trouble[]) => html`<dl>
${troubles.map(
  ([shown, because, remedy]) => html`<dt>“${shown}”</dt><dd>${because} ${remedy}</dd>
`,
)}</dl>`;

/** Renders the section; `hasSignIn`: with the messages of sign-in. */
export const troubleshooting = (hasSignIn: boolean): Html => html`<h2 id="troubleshooting">Troubleshooting</h2>
<p>Okta shows LeaseHawk's own words: at the test, on the user's assignment, and under <strong>Dashboard → Tasks</strong>.</p>
<h3>The connection</h3>
${list(CONNECTION)}
<h3>Users and groups</h3>
${list(RESOURCES)}
${hasSignIn ? html`<h3>Sign-in</h3>\n${list(SIGN_IN)}` : undefined}`;
