/** The page behind a setup link: the steps of the Okta admin with their values, the forms, and the check list. Pure. */
import type { OpenSetupLinkResponse } from '../../../proto/gen/userstore/v1/setup_link_service.js';
import { timeText } from '../dates.js';
import type { Page } from '../frame.js';
import { type Html, html } from '../html.js';
import { COPY_SCRIPT } from '../setup/copy.js';
import { singleSignOn } from '../setup/single-sign-on.js';
import { steps } from '../setup/steps.js';
import { checks } from './checks.js';
import { type ConnectionForm, connectionForm } from './connection-form.js';

/** The most tokens that a link issues, as userstore counts them. */
const MAX_TOKENS = 5;

/** The script of the page: copy buttons, and a check list that stays current. */
export const STEPS_SCRIPT = `${COPY_SCRIPT}
const list = document.querySelector('#checks ol');
const note = document.getElementById('again');
const look = async () => {
  if (document.hidden) return;
  const response = await fetch('/setup/steps');
  if (response.status === 404) {
    clearInterval(timer);
    note.textContent = 'This link has ended.';
  }
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.querySelector('#checks ol');
  if (fresh && fresh.textContent !== list.textContent) list.replaceChildren(...fresh.children);
};
const timer = list && setInterval(() => look().catch(() => undefined), 5000);
if (list) note.textContent = 'This list stays current by itself.';
`;

/** The values of the page. */
export interface StepsValues extends OpenSetupLinkResponse {
  /** CSRF token. */
  token: string;
  /** The organization's base URL. */
  baseUrl: string;
  /** The edge's own address. */
  publicUrl: string;
  hasPasswords: boolean;
  /** LeaseHawk support, with the way to reach it. */
  support: Html;
  /** The values that were entered before, and their fault. */
  form?: ConnectionForm;
}

/** Renders the page. */
export function stepsPage(values: StepsValues): Page {
  const { setupLink: link, organization, ssoConnection: connection, baseUrl, publicUrl, token, support, form } = values;
  if (!link || !organization) throw new Error('userstore answered without a link or an organization');
  const domains = link.domains.length > 0 ? link.domains : (connection?.domains ?? []);
  const signIn = { url: publicUrl, connection, hasPasswords: values.hasPasswords };
  const left = MAX_TOKENS - link.issuedTokens;
  return {
    title: 'Set up LeaseHawk in Okta',
    isWide: true,
    isLive: true,
    script: '/setup/steps.js',
    main: html`<h1>Set up LeaseHawk in Okta</h1>
<p>For <strong><bdi>${link.recipient}</bdi></strong>, Okta admin of <strong><bdi>${organization.displayName}</bdi></strong>.</p>
<p class="quiet">Your link is valid until <time datetime="${link.expireTime?.toISOString()}">${link.expireTime && timeText(link.expireTime)}</time>.
Keep it to yourself. Questions: ${support}.</p>
${checks(values)}
<h2 id="token">API token</h2>
<p>Okta proves with it that it acts for your organization. LeaseHawk shows it once.</p>
${left > 0 ? issueForm(token, link.issuedTokens) : html`<p>You have issued ${MAX_TOKENS} tokens. Ask ${support} for another.</p>`}
${steps(organization, baseUrl, 'the token that you issued above')}
${singleSignOn(organization, signIn, HAND_OVER)}
${connectionForm({ ...form, token, domains, connection, support })}
<h2>More</h2>
<p>The <a href="/${organization.id}/setup">setup page of your organization</a> lists the attributes that LeaseHawk takes, and
what to do about each message that Okta shows. It needs no link.</p>`,
  };
}

const issueForm = (token: string, issued: number) => html`<form method="post" action="/setup/token">
<input type="hidden" name="token" value="${token}">
<button>${issued === 0 ? 'Issue the API token' : 'Issue another API token'}</button>
</form>
${issued === 0 ? undefined : html`<p class="quiet">Issued with this link: ${issued} of ${MAX_TOKENS}.</p>`}`;

const HAND_OVER = {
  whoConnects: 'you have connected it, with the form below',
  step: html`Enter your Okta domain, <code>https://your-company.okta.com</code> or a domain of your own, the <strong>Client
ID</strong> and the <strong>Client secret</strong> in the form below.`,
};
