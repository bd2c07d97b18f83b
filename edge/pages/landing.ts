/** The pages at "/" and at unknown addresses, for browsers. Pure. */
import { type Page, page } from './frame.js';
import { html } from './html.js';

/** Renders the page of a person who is signed in. `appUrl` is the application; undefined: none is configured. */
export const signedInPage = (userName: string, appUrl: string | undefined): Page =>
  page(
    'You are signed in',
    html`<p>Signed in as <strong><bdi>${userName}</bdi></strong>.</p>
${
  appUrl === undefined
    ? html`<p class="quiet">The application would open now. An operator sets its address in <code>APP_URL</code>.</p>`
    : html`<p><a class="button" href="${appUrl}">Go to LeaseHawk</a></p>`
}
<p><a class="button second" href="/logout">Sign out</a></p>`,
  );

/** Renders the page of a person who is not signed in. Without sign-in it has no link to the login page. */
export const welcomePage = (hasSignIn: boolean): Page =>
  page(
    'LeaseHawk user provisioning',
    html`<p>This service keeps LeaseHawk's users the same as in Okta.</p>
${hasSignIn ? html`<p><a class="button" href="/login">Sign in to LeaseHawk</a></p>` : undefined}
<p class="quiet">Okta admins find the setup page at the address that LeaseHawk support gave them.</p>`,
  );

/** Renders the page of an address that does not exist. */
export const unknownAddressPage = (): Page =>
  page(
    'There is nothing here',
    html`<p>Check the address, or go to the <a href="/">start page</a>.</p>
<p class="quiet">The base URL for Okta ends in <code>/scim/v2</code>; browsers cannot open it.</p>`,
  );
