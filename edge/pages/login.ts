/** The pages of sign-in. They need no script and never reveal which users exist. Pure. */
import { type Page, page } from './frame.js';
import { html } from './html.js';

/** The values of the login form. */
export interface LoginForm {
  /** CSRF token: proves that the edge gave the form to this browser. */
  token: string;
  /** The e-mail address that the person typed before. */
  email?: string;
  /** The address after sign-in; undefined: the application's start page. */
  returnTo: string | undefined;
  /** The reason why the edge did not accept the address. */
  error?: string;
  /** A sentence above the form: why the person sees it. */
  notice?: string;
}

const hidden = (name: string, value: string | undefined) =>
  value === undefined ? undefined : html`<input type="hidden" name="${name}" value="${value}">`;

/** Renders the page that asks for an e-mail address. */
export function loginPage({ token, email, returnTo, error, notice }: LoginForm): Page {
  const described = error === undefined ? undefined : html` aria-invalid="true" aria-describedby="error"`;
  return page(
    'Sign in to LeaseHawk',
    html`${notice === undefined ? undefined : html`<p role="status">${notice}</p>`}<form method="post" action="/login">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="254" value="${email}" autofocus${described}>
${error === undefined ? undefined : html`<p class="error" id="error" role="alert">${error}</p>`}
${hidden('return_to', returnTo)}${hidden('token', token)}
<button>Continue</button>
</form>`,
  );
}

/** Renders the choice between the organization's provider and a password. */
export function choicePage({ token, email, returnTo }: LoginForm, passwordUrl: string): Page {
  return page(
    'Sign in to LeaseHawk',
    html`<p>As <strong>${email}</strong></p>
<form method="post" action="/login">
${hidden('email', email)}${hidden('way', 'sso')}${hidden('return_to', returnTo)}${hidden('token', token)}
<button>Continue with Okta</button>
</form>
<p><a href="${passwordUrl}">Use a password</a></p>`,
  );
}

/** A person's name in LeaseHawk: the user name and, if the user name alone is ambiguous, the organization. */
interface Who {
  userName: string;
  organization: string | undefined;
}

const whoIs = ({ userName, organization }: Who) =>
  html`<strong><bdi>${userName}</bdi></strong>${organization === undefined ? undefined : html` (<bdi>${organization}</bdi>)`}`;

/** Renders the question to switch from the current user to the one that a link signed in. */
export function switchUserPage({ token, sealed }: { token: string; sealed: string }, current: Who, next: Who): Page {
  return page(
    'Continue as another user?',
    html`<p>You are signed in to LeaseHawk as ${whoIs(current)}.</p>
<p>The link that brought you here signs you in as ${whoIs(next)}. If you did not expect that, stay signed in as you are.</p>
<form method="post" action="/login/choice">
${hidden('sealed', sealed)}${hidden('token', token)}
<button name="way" value="change">Continue as <bdi>${next.userName}</bdi></button>
<button class="second" name="way" value="stay">Stay signed in as <bdi>${current.userName}</bdi></button>
</form>`,
  );
}

/** Renders the login page of a person who is signed in. `token` is the CSRF token. */
export const signedInPage = ({ token, target }: { token: string; target: string }, userName: string) =>
  page(
    'You are signed in',
    html`<p>As <strong><bdi>${userName}</bdi></strong></p>
<p><a class="button" href="${target}">Go on to LeaseHawk</a></p>
<form method="post" action="/logout">
${hidden('token', token)}
<button class="second">Sign out</button>
</form>`,
  );

/** Renders the question whether the person wants to sign out. */
export const signOutPage = (token: string) =>
  page(
    'Sign out of LeaseHawk?',
    html`<form method="post" action="/logout">
${hidden('token', token)}
<button>Sign out</button>
</form>`,
  );

/** Renders the page after sign-out. */
export const signedOutPage = () =>
  page('You are signed out', html`<p><a class="button" href="/login">Sign in to LeaseHawk</a></p>`);
