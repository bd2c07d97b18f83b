/** The pages of sign-in, without a script; nothing on them tells who is known. Pure. */
import { type Html, html } from './html.js';

/** A page: what stands in the browser's title bar, and what on the page. */
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

/** What the login form holds. */
export interface LoginForm {
  /** Shows that the form was given to this browser. */
  token: string;
  /** What was typed before. */
  email?: string;
  /** Where to go afterwards, if not simply to the application. */
  returnTo: string | undefined;
  /** What is wrong with what was typed. */
  error?: string;
}

const hidden = (name: string, value: string | undefined) =>
  value === undefined ? undefined : html`<input type="hidden" name="${name}" value="${value}">`;

/** The page that asks for an e-mail address. */
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

/** Where a person may choose: his organization's provider, or a password. */
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

/** Who a person is in LeaseHawk: his user name, and where it takes that to tell, his organization. */
interface Who {
  userName: string;
  organization: string | undefined;
}

const whoIs = ({ userName, organization }: Who) =>
  html`<strong><bdi>${userName}</bdi></strong>${organization === undefined ? undefined : html` (<bdi>${organization}</bdi>)`}`;

/** Asks who is signed in whether he is to be somebody else from now on, as a link says that he followed. */
export function switchUserPage({ token, sealed }: { token: string; sealed: string }, is: Who, would: Who): Page {
  return page(
    'Continue as another user?',
    html`<p>You are signed in to LeaseHawk as ${whoIs(is)}.</p>
<p>The link that brought you here signs you in as ${whoIs(would)}. If you did not expect that, stay signed in as you are.</p>
<form method="post" action="/login/choice">
${hidden('sealed', sealed)}${hidden('token', token)}
<button class="wide" name="way" value="change">Continue as <bdi>${would.userName}</bdi></button>
<button class="wide second" name="way" value="stay">Stay signed in as <bdi>${is.userName}</bdi></button>
</form>`,
  );
}

/** What is the same for all who are refused, whatever the reason. */
export const refusedPage = (reference: string) =>
  page(
    'No access',
    html`<p>You do not have access to LeaseHawk. Ask your Okta administrator.</p>
${referenceTo(reference)}`,
  );

/** For a sign-in that is too old, was used, or began in another browser. */
export const expiredPage = (reference: string, again: string) =>
  page(
    'Please sign in again',
    html`<p>This sign-in took too long, was used already, or began in another window.</p>
<p><a href="${again}">Sign in</a></p>
${referenceTo(reference)}`,
  );

/** For a provider, or a LeaseHawk, that does not answer. */
export const troublePage = (reference: string, again: string) =>
  page(
    'Sign-in does not work at the moment',
    html`<p>This is not your fault. Please try again in a minute.</p>
<p><a href="${again}">Try again</a></p>
${referenceTo(reference)}`,
  );

/** For who tries too often. */
export const tooManyAttemptsPage = (reference: string, seconds: number) =>
  page(
    'Too many attempts',
    html`<p>Please wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, then try again.</p>
${referenceTo(reference)}`,
  );

/** For what is not found, not possible, or malformed. */
export const oddPage = (reference: string, again: string) =>
  page(
    'This does not lead anywhere',
    html`<p><a href="${again}">Sign in to LeaseHawk</a></p>
${referenceTo(reference)}`,
  );

/** For an edge that was not told what it takes. */
export const notSetUpPage = () =>
  page('Sign-in is not set up', html`<p>Sign-in is not set up here. Ask LeaseHawk support.</p>`);

/** Asks whether a person wants to be signed out. */
export const signOutPage = (token: string) =>
  page(
    'Sign out of LeaseHawk?',
    html`<form method="post" action="/logout">
${hidden('token', token)}
<button>Sign out</button>
</form>`,
  );

/** For who is not signed in any more. */
export const signedOutPage = () => page('You are signed out', html`<p><a href="/login">Sign in to LeaseHawk</a></p>`);

const referenceTo = (reference: string) => html`<p class="quiet">Reference: <code>${reference}</code></p>`;
