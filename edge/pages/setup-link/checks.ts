/** The check list of a setup: what Okta has done so far. Pure. */
import type { Activity } from '../../../proto/gen/userstore/v1/activity_service.js';
import type { OpenSetupLinkResponse } from '../../../proto/gen/userstore/v1/setup_link_service.js';
import { type Html, html } from '../html.js';

/** The state of the setup that the list shows. */
export type SetupState = Pick<OpenSetupLinkResponse, 'setupLink' | 'ssoConnection' | 'progress'>;

/** One line of the list. */
interface Check {
  state: 'done' | 'open' | 'failed';
  name: string;
  /** When it was done, why it failed, or what to do for it. */
  remark: Html | string;
}

const MARKS = { done: '✓ Done', open: '○ Not yet', failed: '✗ Failed' } as const;

/** Renders the list. A script replaces its items while the page is open. */
export const checks = (state: SetupState): Html => html`<section id="checks" aria-labelledby="progress">
<h2 id="progress">Progress</h2>
<ol class="checks" aria-live="polite">
${checksOf(state).map(
  ({
    state,
    name,
    remark,
  }) => html`<li class="${state}"><span class="state">${MARKS[state]}</span> <span><strong>${name}</strong>
<span class="remark">${remark}</span></span></li>
`,
)}</ol>
<p class="quiet" id="again"><a href="/setup/steps">Look again</a></p>
</section>`;

function checksOf({ setupLink, ssoConnection, progress }: SetupState): Check[] {
  const { tokenUseTime, userCreateTime, signedIn = false, lastRequest, lastSignIn } = progress ?? {};
  const isIssued = (setupLink?.issuedTokens ?? 0) > 0 || tokenUseTime !== undefined;
  const isConnected = ssoConnection !== undefined;
  return [
    { ...doneIf(isIssued), name: 'API token issued', remark: isIssued ? '' : 'Issue it below.' },
    checkOf('Credentials tested by Okta', tokenUseTime, refusalIn(lastRequest), 'Press the test button in Okta.'),
    checkOf('First user pushed', userCreateTime, failureIn(lastRequest), 'Assign a person to the app in Okta.'),
    {
      ...doneIf(isConnected),
      name: 'Single sign-on connected',
      remark: ssoConnection ? html`To <code>${ssoConnection.issuer}</code>.` : 'Enter the values of Okta below.',
    },
    signInCheck(signedIn, lastSignIn),
  ];
}

const doneIf = (isDone: boolean) => ({ state: isDone ? 'done' : 'open' }) as const;

/** Returns a check that is done at a time, or failed, or open with what to do. */
function checkOf(name: string, doneTime: Date | undefined, failure: Html | undefined, toDo: string): Check {
  if (doneTime) return { state: 'done', name, remark: html`At ${timeText(doneTime)}.` };
  return failure ? { state: 'failed', name, remark: failure } : { state: 'open', name, remark: toDo };
}

function signInCheck(signedIn: boolean, last: Activity | undefined): Check {
  const name = 'Sign-in tried';
  if (signedIn) return { state: 'done', name, remark: 'A person has signed in.' };
  if (last && last.status >= 400) return { state: 'failed', name, remark: reasonOf(last) };
  return { state: 'open', name, remark: 'Sign in to LeaseHawk as a person that Okta has pushed.' };
}

/** Returns why the last request was refused before it was looked at: its API token is wrong. */
const refusalIn = (last: Activity | undefined) => (last && last.status === 401 ? reasonOf(last) : undefined);

/** Returns why the last change failed. */
const failureIn = (last: Activity | undefined) =>
  last && last.method !== 'GET' && last.status >= 400 && last.status !== 401 ? reasonOf(last) : undefined;

const reasonOf = ({ time, detail, status }: Activity) =>
  html`At ${time && timeText(time)}: ${detail ?? `status ${status}`}`;

/** Renders a time in UTC, to the second: the admin compares it with what they just did. */
const timeText = (time: Date): Html =>
  html`<time datetime="${time.toISOString()}">${time.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>`;
