/** The pages of a failed sign-in. Each names the person who can help. They never reveal which users exist. Pure. */
import { type Page, page } from './frame.js';
import { type Html, html } from './html.js';

/** The values that such a page shows. */
export interface FailureValues {
  /** The id of the request, by which LeaseHawk support finds the reason. */
  reference: string;
  /** The address at which the person can try again. */
  again: string;
  /** LeaseHawk support, with the way to reach it. */
  support: Html;
}

/** Renders a page from its values. */
export type FailurePage = (values: FailureValues) => Page;

const failure = (title: string, content: Html, reference: string): Page =>
  page(
    title,
    html`${content}
<p class="quiet">Reference: <code>${reference}</code></p>`,
  );

/** Renders the page for a person that only their organization can let in: not assigned, or disabled. */
export const refusedPage: FailurePage = ({ reference }) =>
  failure('No access', html`<p>You do not have access to LeaseHawk. Ask your Okta administrator.</p>`, reference);

/** Renders the page for a person that only LeaseHawk support can let in. */
export const blockedPage: FailurePage = ({ reference, support }) =>
  failure(
    'No access',
    html`<p>Your access to LeaseHawk is blocked. Your Okta administrator cannot change that. Ask ${support}, with the
reference below.</p>`,
    reference,
  );

/** Renders the page for a provider that does not accept LeaseHawk as its client. */
export const misconfiguredPage: FailurePage = ({ reference, support }) =>
  failure(
    'Sign-in is not set up correctly',
    html`<p>This is not your fault: your organization's sign-in service does not accept LeaseHawk, and trying again does not
help. Ask ${support}, with the reference below.</p>`,
    reference,
  );

/** Renders the page for a provider whose clock differs from the edge's. */
export const clockPage: FailurePage = ({ reference, again, support }) =>
  failure(
    'Two clocks disagree',
    html`<p>This is not your fault: the clock of your organization's sign-in service and LeaseHawk's clock differ, so the
sign-in was not accepted. Ask ${support}, with the reference below.</p>
<p><a class="button second" href="${again}">Try again</a></p>`,
    reference,
  );

/** Renders the page for a provider's answer that is not valid. */
export const unverifiedPage: FailurePage = ({ reference, again, support }) =>
  failure(
    'The sign-in could not be verified',
    html`<p>The answer of your organization's sign-in service is not valid for LeaseHawk. If it happens again, ask ${support},
with the reference below.</p>
<p><a class="button second" href="${again}">Try again</a></p>`,
    reference,
  );

/** Renders the page for a sign-in that is too old, was used already, or began in another browser. */
export const expiredPage: FailurePage = ({ reference, again }) =>
  failure(
    'Please sign in again',
    html`<p>This sign-in took too long, was used already, or began in another window.</p>
<p><a class="button" href="${again}">Sign in</a></p>`,
    reference,
  );

/** Renders the page for a provider, or a userstore, that does not answer. */
export const troublePage: FailurePage = ({ reference, again, support }) =>
  failure(
    'Sign-in does not work at the moment',
    html`<p>This is not your fault. Please try again in a minute. If it lasts, ask ${support}.</p>
<p><a class="button second" href="${again}">Try again</a></p>`,
    reference,
  );

/** Renders the page for too many attempts. */
export const tooManyAttemptsPage = ({ reference }: FailureValues, seconds: number) =>
  failure(
    'Too many attempts',
    html`<p>Please wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, then try again.</p>`,
    reference,
  );

/** Renders the page for an address that does not exist and for a malformed request. */
export const oddPage: FailurePage = ({ reference, again }) =>
  failure(
    'There is nothing here',
    html`<p>Check the address, or sign in.</p>
<p><a class="button" href="${again}">Sign in to LeaseHawk</a></p>`,
    reference,
  );

/** Renders the page of an edge that is not configured for sign-in. */
export const notSetUpPage = (support: Html) =>
  page('Sign-in is not set up', html`<p>Sign-in is not set up here. Ask ${support}.</p>`);
