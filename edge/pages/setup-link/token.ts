/** The page that shows the API token which a setup link has issued. No other page contains it. Pure. */
import type { Page } from '../frame.js';
import { html } from '../html.js';
import { copyable } from '../setup/copy.js';

/** Renders the page of a token's secret. */
export const tokenPage = (secret: string): Page => ({
  title: 'Your API token – LeaseHawk',
  main: html`<h1>Your API token</h1>
<p class="note"><strong>Enter it in Okta now.</strong> LeaseHawk does not show it again, and nobody at LeaseHawk can see
it.</p>
<table class="stack">
<caption>Which form of the token Okta asks for</caption>
<tr><th scope="row">An app of Okta's catalogue: API Token</th><td>${copyable('API Token', `apikey ${secret}`)}</td></tr>
<tr><th scope="row">An app of the App Integration Wizard: HTTP Header</th><td>${copyable('token alone', secret)}</td></tr>
</table>
<p><a href="/setup/steps#steps">Back to the steps</a></p>`,
  isWide: true,
  script: '/setup/steps.js',
});
