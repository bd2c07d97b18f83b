/** A setup link in a real browser: a new customer from nothing to the first sign-in, without a secret in a mail. */
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { freePort } from '../../bin/port.js';
import { startBrowser, violationsIn } from '../harness/browser.js';
import { LINK_CODE, startConsole, type TestConsole } from '../harness/console.js';
import { type Okta, startOkta } from '../harness/okta.js';
import { needsOwnPair } from '../harness/organizations.js';
import { createUser, type Scim, scimClient } from '../harness/scim.js';
import { expireLink } from '../harness/setup-links.js';
import { type SignInPair, startSignInPair } from '../harness/sign-in.js';

const ANA = { id: '00u1abcdEFGH2ijkl5d7', login: 'ana@oakstreet.example' };
const CLIENT = { clientId: '0oa1abcdEFGH2ijkl5d7', clientSecret: 'the-secret-of-the-app-in-okta' };
const SCREENSHOTS = process.env.SCREENSHOTS;

describe('a setup link in a browser', function () {
  this.timeout(120_000);
  let browser: Browser;
  let pair: SignInPair;
  let running: TestConsole;
  let okta: Okta | undefined;
  let staff: Page;
  let context: BrowserContext;
  let page: Page;
  let organization = '';
  let link = '';
  let scim: Scim;
  const problems: string[] = [];

  before(async function () {
    needsOwnPair(this);
    browser = await startBrowser(this);
    pair = await startSignInPair('browser-setup-link');
    running = await startConsole(pair.address, pair.publicUrl);
    staff = await (await browser.newContext()).newPage();
    context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    page = await context.newPage();
    for (const one of [staff, page]) {
      one.on('pageerror', (error) => problems.push(error.message));
      one.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    }
  });
  after(async () => {
    await browser?.close();
    await okta?.stop();
    await running?.stop();
    await pair?.stop();
  });

  /** Looks at the page as it is on a desk and on a phone, light and dark. */
  async function look(name: string): Promise<void> {
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      expect(await violationsIn(page), `${name} ${colorScheme} ${width}`).to.deep.equal([]);
      const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect(isWide, `${name} is wider than ${width}`).to.equal(false);
      if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}.png`, fullPage: true });
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  const check = (state: string, name: string) =>
    page.locator('#checks li', { hasText: name }).filter({ hasText: state }).waitFor({ timeout: 30_000 });

  it('is made in the console by LeaseHawk’s staff, for a customer who has nothing', async () => {
    await staff.goto(`${running.origin}/sign-in/link?code=${LINK_CODE}`);
    await staff.getByRole('button', { name: 'Sign in' }).click();
    await staff.goto(`${running.origin}/acts/new-organization`);
    await staff.getByLabel('Name of the customer').fill('Oak Street Homes');
    await staff.getByRole('button', { name: 'Add an organization' }).click();
    await staff.getByRole('heading', { level: 1, name: 'Oak Street Homes' }).waitFor();
    organization = staff.url();
    await staff.getByRole('link', { name: 'Make a setup link' }).click();
    await staff.getByLabel('Okta admin').fill('Ana Lima, ana@oakstreet.example');
    await staff.getByLabel('E-mail domains').fill('oakstreet.example');
    expect(await violationsIn(staff)).to.deep.equal([]);
    await staff.getByRole('button', { name: 'Make a setup link' }).click();
    link = await staff.locator('code.secret').innerText();
    expect(link).to.match(new RegExp(`^${pair.publicUrl}/setup/link#[\\w-]{43}$`));
    await staff.getByRole('button', { name: 'Copy: setup link' }).waitFor();
    expect(await violationsIn(staff)).to.deep.equal([]);
  });

  it('opens by a person’s press of a button, and leaves its secret in no address', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.url()} ${request.headers().referer ?? ''}`));
    await page.goto(link);
    await page.waitForURL(`${pair.publicUrl}/setup/link`);
    await look('setup-link-open');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { level: 1, name: 'Set up LeaseHawk in Okta' }).waitFor();
    await page.waitForURL(`${pair.publicUrl}/setup/steps`);
    const secret = link.replace(/^.*#/, '');
    // Chromium reports the address with its fragment, which it does not send.
    expect(asked.slice(1).filter((line) => line.includes(secret))).to.deep.equal([]);
    expect(await page.evaluate('document.cookie')).not.to.include(secret);
    await page.getByText('Okta admin of Oak Street Homes').waitFor();
    await check('Not yet', 'API token issued');
    await look('setup-link-steps');
  });

  it('issues the token, which is shown once with copy buttons', async () => {
    await page.getByRole('button', { name: 'Issue the API token' }).click();
    await page.getByRole('heading', { name: 'Your API token' }).waitFor();
    await look('setup-link-token');
    await page.getByRole('button', { name: 'Copy: API Token' }).click();
    await page.getByRole('button', { name: 'Copied: API Token' }).waitFor();
    const token = (await page.evaluate('navigator.clipboard.readText()')) as string;
    expect(token).to.match(/^apikey [\da-f-]{36}$/);
    const baseUrl = `${pair.publicUrl}/${new URL(organization).pathname.split('/')[2]}/scim/v2`;
    scim = scimClient(baseUrl, token);
    await page.getByRole('link', { name: 'Back to the steps' }).click();
    await check('Done', 'API token issued');
    expect(await page.content()).not.to.include(token.slice(7));
  });

  it('shows by itself what Okta does: the test of the credentials, the first user', async () => {
    expect((await scim('GET', '/Users?startIndex=1&count=2')).status).to.equal(200);
    await check('Done', 'Credentials tested by Okta');
    await createUser(scim, { externalId: ANA.id, userName: ANA.login });
    await check('Done', 'First user pushed');
  });

  it('connects single sign-on, and says what is wrong with what was entered', async () => {
    const port = await freePort();
    const fill = async () => {
      await page.getByLabel('Issuer').fill(`http://127.0.0.1:${port}`);
      await page.getByLabel('Client ID').fill(CLIENT.clientId);
      await page.getByLabel('Client secret').fill(CLIENT.clientSecret);
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
    };
    await fill();
    await page.getByText('LeaseHawk cannot read the settings of this issuer').waitFor();
    expect(await page.getByLabel('Issuer').getAttribute('aria-invalid')).to.equal('true');
    expect(await page.getByLabel('Client secret').inputValue()).to.equal('');
    await look('setup-link-error');
    const redirectUri = await page.locator('code[data-name="sign-in redirect URI"]').innerText();
    const app = { ...CLIENT, redirectUri, signOutUri: `${pair.publicUrl}/logout` };
    okta = await startOkta([ANA], app, port);
    await fill();
    await check('Done', 'Single sign-on connected');
    await check('Not yet', 'Sign-in tried');
  });

  it('shows the first sign-in', async () => {
    const person = await (await browser.newContext()).newPage();
    await person.goto(`${pair.publicUrl}/login`);
    await person.fill('input[name=email]', ANA.login);
    await person.keyboard.press('Enter');
    await person.waitForURL(`${okta?.issuer}/signin/*`);
    await person.click('button');
    await person.waitForURL(pair.appUrl);
    await check('Done', 'Sign-in tried');
    await look('setup-link-done');
  });

  it('works without scripts: the link is pasted, the list is looked at again', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const other = await plain.newPage();
    await other.goto(`${pair.publicUrl}/setup/link`);
    await other.getByLabel('Your link').fill(link);
    await other.keyboard.press('Enter');
    await other.getByRole('heading', { name: 'Progress' }).waitFor();
    await other.getByRole('link', { name: 'Look again' }).click();
    await other.getByRole('heading', { name: 'Progress' }).waitFor();
    await plain.close();
  });

  it('ends when support revokes it, which the open page says', async () => {
    await staff.goto(organization);
    await staff.getByText('live until').waitFor();
    const links = staff.getByRole('region', { name: 'Setup links' });
    const path = await links.getByRole('link', { name: 'Revoke' }).getAttribute('href');
    if (SCREENSHOTS) await staff.screenshot({ path: `${SCREENSHOTS}/setup-link-console.png`, fullPage: true });
    await staff.goto(running.origin + path);
    await staff.getByRole('button', { name: 'Revoke the setup link' }).click();
    await links.getByRole('cell', { name: 'revoked' }).waitFor();
    await page.getByText('This link has ended.').waitFor({ timeout: 30_000 });
    await page.goto(link);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('LeaseHawk support has ended this link').waitFor();
    await look('setup-link-ended');
  });

  it('ends by itself when its time is over: the Okta admin reads how to go on, support sees who used it', async () => {
    await staff.goto(`${organization}/acts/new-setup-link`);
    await staff.getByLabel('Okta admin').fill('Bo Reyes');
    await staff.getByRole('button', { name: 'Make a setup link' }).click();
    const second = await staff.locator('code.secret').innerText();
    await page.goto('about:blank');
    await page.goto(second);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('For Bo Reyes, Okta admin of Oak Street Homes').waitFor();
    await staff.goto(organization);
    const links = staff.getByRole('region', { name: 'Setup links' });
    const row = links.getByRole('row', { name: 'Bo Reyes' });
    await row.getByText('live until').waitFor();
    const revoke = await row.getByRole('link', { name: 'Revoke' }).getAttribute('href');
    await expireLink('browser-setup-link', revoke?.split('/')[4] ?? '');

    await page.getByText('This link has ended.').waitFor({ timeout: 30_000 });
    for (const again of [() => page.reload(), () => page.goto(`${pair.publicUrl}/setup/steps`)]) {
      await again();
      await page.getByText('The time of this link is over. Ask LeaseHawk support for another link.').waitFor();
    }
    await look('setup-link-expired');
    await page.goto('about:blank');
    await page.goto(second);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The time of this link is over.').waitFor();

    await staff.reload();
    await row.getByRole('cell', { name: 'ended', exact: true }).waitFor();
    await row.getByText('from 127.0.0.1').waitFor();
    expect(await row.getByRole('link', { name: 'Revoke' }).count()).to.equal(0);
    expect(await violationsIn(staff)).to.deep.equal([]);
  });

  it('keeps to its policy, and has no script that fails', () => {
    expect(problems.filter((text) => !/40[39]|404|422/.test(text))).to.deep.equal([]);
  });
});
