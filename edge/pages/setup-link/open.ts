/** The page that opens a setup link, and the pages of links that cannot be opened. Pure. */
import { type Page, page } from '../frame.js';
import { type Html, html } from '../html.js';

const TITLE = 'Set up LeaseHawk in Okta';

/**
 * The script of the page: it takes the secret from the part of the address behind "#", which browsers never send, out of
 * the address and into the form. A person then presses the button: programs that look at links in mail do not.
 */
export const OPEN_SCRIPT = `'use strict';
const fill = () => {
  const field = document.getElementById('link');
  const secret = location.hash.slice(1);
  if (!field || !secret) return;
  field.value = secret;
  history.replaceState(null, '', location.pathname);
  document.querySelector('form button').focus();
};
fill();
addEventListener('hashchange', fill);
`;

/** Renders the page. `token` is the CSRF token; `error` says why what was entered is no link. */
export function openPage(token: string, error?: string): Page {
  const described = error === undefined ? undefined : html` aria-invalid="true" aria-describedby="error"`;
  return {
    ...page(
      TITLE,
      html`<p>For the Okta admin who has got a link from LeaseHawk support.</p>
<form method="post" action="/setup/link">
<label for="link">Your link</label>
<input id="link" name="link" type="password" autocomplete="off" required maxlength="500"${described}>
${error === undefined ? undefined : html`<p class="error" id="error" role="alert">${error}</p>`}
<p class="quiet">If the field is empty, paste the whole link here.</p>
<input type="hidden" name="token" value="${token}">
<button>Continue</button>
</form>`,
    ),
    script: '/setup/link.js',
  };
}

/** The end of a link, as userstore names it; undefined: there is no such link. */
export type LinkEnd = 'revoked' | 'expired' | 'suspended' | undefined;

const ENDS = {
  revoked: 'LeaseHawk support has ended this link.',
  expired: 'The time of this link is over.',
  suspended: 'Your organization is suspended at LeaseHawk.',
} as const;

/** Renders the page of a link that has ended. */
export const endedPage = (end: LinkEnd, support: Html): Page =>
  page(
    'This link cannot be used',
    html`<p>${end === undefined ? 'There is no such link; perhaps a part of it is missing.' : ENDS[end]} Ask ${support}${
      end === 'suspended' ? undefined : ' for another link'
    }.</p>
<p>What you have set up stays as it is.</p>`,
  );

/** Renders a page of one sentence that leads back to the steps. */
export const backPage = (heading: string, sentence: Html | string): Page =>
  page(heading, html`<p>${sentence}</p>\n<p><a class="button" href="/setup/steps">Back to the steps</a></p>`);
