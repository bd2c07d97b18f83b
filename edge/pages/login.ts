/** The pages of sign-in. They need no script and never reveal which users exist. Pure. */
import { type Html, html } from './html.js';

/** A page: its title and its content. */
export interface Page {
  title: string;
  main: Html;
}

const page = (title: string, content: Html): Page => ({
  title: title.includes('LeaseHawk') ? title : `${title} – LeaseHawk`,
  main: html`<div class="narrow">
<h1>${title}</h1>
${content}
</div>`,
});

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
}

const hidden = (name: string, value: string | undefined) =>
  value === undefined ? undefined : html`<input type="hidden" name="${name}" value="${value}">`;

/** Renders the page that asks for an e-mail address. */
export function loginPage({ token, email, returnTo, error }: LoginForm): Page {
  const described = error === undefined ? undefined : html` aria-invalid="true" aria-describedby="error"`;
  return page(
    'Sign in to LeaseHawk',
    html`<form method="post" action="/login">
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
<button class="wide" name="way" value="change">Continue as <bdi>${next.userName}</bdi></button>
<button class="wide second" name="way" value="stay">Stay signed in as <bdi>${current.userName}</bdi></button>
</form>`,
  );
}

/** Renders the same page for every refusal, whatever the reason. */
export const refusedPage = (reference: string) =>
  page(
    'No access',
    html`<p>You do not have access to LeaseHawk. Ask your Okta administrator.</p>
${referenceTo(reference)}`,
  );

/** Renders the page for a sign-in that is too old, was used already, or began in another browser. */
export const expiredPage = (reference: string, again: string) =>
  page(
    'Please sign in again',
    html`<p>This sign-in took too long, was used already, or began in another window.</p>
<p><a href="${again}">Sign in</a></p>
${referenceTo(reference)}`,
  );

/** Renders the page for a provider, or a userstore, that does not answer. */
export const troublePage = (reference: string, again: string) =>
  page(
    'Sign-in does not work at the moment',
    html`<p>This is not your fault. Please try again in a minute.</p>
<p><a href="${again}">Try again</a></p>
${referenceTo(reference)}`,
  );

/** Renders the page for too many attempts. */
export const tooManyAttemptsPage = (reference: string, seconds: number) =>
  page(
    'Too many attempts',
    html`<p>Please wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, then try again.</p>
${referenceTo(reference)}`,
  );

/** Renders the page for an address that does not exist and for a malformed request. */
export const oddPage = (reference: string, again: string) =>
  page(
    'This does not lead anywhere',
    html`<p><a href="${again}">Sign in to LeaseHawk</a></p>
${referenceTo(reference)}`,
  );

/** Renders the page of an edge that is not configured for sign-in. */
export const notSetUpPage = () =>
  page('Sign-in is not set up', html`<p>Sign-in is not set up here. Ask LeaseHawk support.</p>`);

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
export const signedOutPage = () => page('You are signed out', html`<p><a href="/login">Sign in to LeaseHawk</a></p>`);

const referenceTo = (reference: string) => html`<p class="quiet">Reference: <code>${reference}</code></p>`;
