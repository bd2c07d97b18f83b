/** The console in a real browser: a customer from nothing to the first user, and pages that everyone can use. */
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser, violationsIn } from '../harness/browser.js';
import { LINK_CODE, startConsole, type TestConsole } from '../harness/console.js';
import { sharedPair } from '../harness/organizations.js';
import { CORE_USER, scimClient } from '../harness/scim.js';
import { eventually } from '../harness/userstore.js';

const user = (userName: string) => ({ schemas: [CORE_USER], userName, displayName: userName.toUpperCase() });

describe('the console in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let running: TestConsole;
  let origin = '';
  const problems: string[] = [];

  before(async function () {
    browser = await startBrowser(this);
    const pair = await sharedPair();
    running = await startConsole(pair.address, pair.origin);
    origin = running.origin;
    context = await browser.newContext();
    page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  });
  after(async () => {
    await browser?.close();
    await running?.stop();
  });

  it('signs in by the link, and takes a customer from nothing to the first user without a command line', async () => {
    await page.goto(`${origin}/sign-in/link?code=${LINK_CODE}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Add an organization' }).click();
    await page.getByLabel('Name of the customer').fill('Oak Street');
    await page.getByRole('button', { name: 'Add an organization' }).click();
    await page.getByRole('heading', { level: 1, name: 'Oak Street' }).waitFor();
    expect(await page.getByText('its Okta cannot provision').count()).to.equal(1);
    const baseUrl = await page.locator('dd code', { hasText: '/scim/v2' }).innerText();

    await page.getByRole('link', { name: 'Issue an API token' }).click();
    await page.getByRole('button', { name: 'Issue an API token' }).click();
    const token = await page.locator('code.secret').innerText();
    await page.getByRole('link', { name: 'Back to the organization' }).click();

    const scim = scimClient(baseUrl.trim(), token.trim());
    expect(await scim('GET', '/Users?startIndex=1&count=2')).to.include({ status: 200 });
    expect(await scim('POST', '/Users', user('ana@oakstreet.example'))).to.include({ status: 201 });
    await page
      .getByRole('link', { name: '1 active, 0 disabled, 0 locked' })
      .or(page.getByRole('link', { name: 'Users' }))
      .first()
      .click();
    await page.getByRole('link', { name: 'ana@oakstreet.example' }).click();
    await page.getByText('created, version 1').waitFor();
  });

  it('answers "why can she still log in?" in three steps: search, the sentence, the timeline', async () => {
    const scim = await tokenOf(page);
    const { body } = await scim('POST', '/Users', user('bea.of.the.console@oakstreet.example'));
    await page.goto(`${origin}/`);
    await page.getByRole('searchbox').fill('bea.of.the.console@oakstreet.example');
    await page.keyboard.press('Enter');
    await page.getByText('the organization has no single sign-on').waitFor();
    const Operations = [{ op: 'replace', value: { active: false } }];
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
    await scim('PATCH', `/Users/${body.id}`, { schemas, Operations });
    await page.reload();
    await page.getByText('Okta disabled the user').waitFor();
    await page.getByText('active: true → false').waitFor();
  });

  it('shows requests as they come, folds the same failure, shows its bodies, and then the request that is right', async () => {
    const scim = await tokenOf(page);
    await page.goto(`${await organizationOf(page)}/requests?failed=yes`);
    await page.getByText('Live: new requests appear by themselves').waitFor();
    for (let time = 0; time < 3; time++) {
      expect(await scim('POST', '/Users', user('ana@oakstreet.example'))).to.include({ status: 409 });
    }
    await page.getByText('3 times since').waitFor();
    await page.getByRole('row', { name: '409' }).getByRole('link').first().focus();
    await scim('POST', '/Users', user('ana@oakstreet.example'));
    await page.getByText('4 times since').waitFor();
    expect(await page.evaluate('document.activeElement.closest("tr").innerText'), 'the focus stays').to.include('409');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused.').waitFor();
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
    await page.getByText('Paused.').waitFor();
    await page.getByRole('row', { name: '409' }).getByRole('link').first().click();
    await page.getByText('The userName is already used').first().waitFor();
    await page.locator('pre', { hasText: '"status": "409"' }).waitFor();
    await page.locator('pre', { hasText: '"userName": "ana@oakstreet.example"' }).first().waitFor();
    expect(await scim('POST', '/Users', user('ana.maria@oakstreet.example'))).to.include({ status: 201 });
    await page.goto(`${await organizationOf(page)}/requests`);
    await page.getByRole('row', { name: '201' }).getByText('ana.maria@oakstreet.example').first().waitFor();
  });

  it('says on the live list that the person is signed out', async () => {
    await page.goto(`${await organizationOf(page)}/requests`);
    const cookies = await context.cookies();
    await context.clearCookies();
    await page.getByText('You are signed out.').waitFor();
    await context.addCookies(cookies);
    await page.getByText('Live: new requests appear by themselves').waitFor();
  });

  it('rotates a token, and revokes the old one', async () => {
    const scim = await tokenOf(page);
    await page.goto(await organizationOf(page));
    await page.getByRole('link', { name: 'Rotate' }).first().click();
    await page.getByLabel('Days for which').fill('1');
    await page.getByRole('button', { name: 'Rotate the token' }).click();
    const token = (await page.locator('code.secret').innerText()).trim();
    await page.getByRole('link', { name: 'Back to the organization' }).click();
    const [fresh, old] = [scimClient(await baseUrlOf(page), token), scim];
    expect(await fresh('GET', '/Users?count=1')).to.include({ status: 200 });
    expect(await old('GET', '/Users?count=1')).to.include({ status: 200 });
    await page.getByRole('row', { name: 'expires in 1 day' }).getByRole('link', { name: 'Revoke' }).first().click();
    await page.getByRole('button', { name: 'Revoke the token' }).click();
    await eventually('the old token is refused', async () => (await old('GET', '/Users?count=1')).status === 401);
    expect(await fresh('GET', '/Users?count=1')).to.include({ status: 200 });
  });

  it('shows a hostile user as text: a script, marks of direction, 2,048 characters, 1,000 e-mail addresses', async () => {
    const scim = await tokenOf(page);
    const name = '<script>document.title = "broken"</script><img src=x onerror=alert(1)>\u202emoc.elpmaxe@eve';
    const emails = Array.from({ length: 1000 }, (_, index) => ({ value: `eve.${index}@oakstreet.example` }));
    const hostile = { ...user(name), displayName: `\u202e${'W'.repeat(2047)}`, title: 'M'.repeat(2048), emails };
    const { body } = await scim('POST', '/Users', hostile);
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    const organization = await organizationOf(page);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      for (const path of [`/users/${body.id}`, '/users', '/requests', '/events', `/users/${body.id}/acts/lock`]) {
        await page.goto(organization + path);
        expect(await page.title(), path).to.match(/LeaseHawk console$/);
        expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), `${path} ${width}`).to.equal(
          false,
        );
        expect(await violationsIn(page), `${path} ${width}`).to.deep.equal([]);
      }
    }
    await page.goto(`${organization}/users/${body.id}`);
    expect(await page.getByText('<script>document.title').count()).to.be.greaterThan(0);
    expect(await page.getByText('and 980 more').count()).to.equal(1);
    expect(dialogs).to.equal(0);
  });

  it('changes settings, suspends with the number of sessions that it ends, and shows both in the staff log', async () => {
    const organization = await organizationOf(page);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(organization);
    await page.getByRole('link', { name: 'Change' }).first().click();
    await page.getByLabel('Refuse new users').check();
    await page.getByRole('button', { name: 'Change the settings' }).click();
    await page.getByText('new users').waitFor();
    await page.getByRole('link', { name: 'Suspend' }).click();
    await page.getByText('It ends 0 sessions at once').waitFor();
    await page.getByRole('button', { name: 'Suspend the organization' }).click();
    await page.getByText('The organization is suspended').waitFor();
    await page.getByRole('link', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Resume the organization' }).click();
    await eventually('the staff log has the acts', async () => {
      await page.goto(`${origin}/staff-log`);
      return (await page.getByText('organization.resumed').count()) > 0;
    });
    expect(await page.getByText('local link').count()).to.be.greaterThan(0);
    await page.getByLabel('Type').fill('organization.suspended');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('row', { name: 'organization.suspended' }).first().waitFor();
    expect(await page.getByText('organization.resumed').count()).to.equal(0);
  });

  it('keeps to its policy, and has no script that fails', () => {
    expect(problems.filter((text) => !/404/.test(text))).to.deep.equal([]);
  });

  /** Returns the address of the organization Oak Street. */
  async function organizationOf(page_: Page): Promise<string> {
    await page_.goto(`${origin}/organizations?name=Oak+Street`);
    const href = await page_.getByRole('link', { name: 'Oak Street' }).last().getAttribute('href');
    return origin + href;
  }

  async function baseUrlOf(page_: Page): Promise<string> {
    return (await page_.locator('dd code', { hasText: '/scim/v2' }).innerText()).trim();
  }

  /** Issues a token of Oak Street. Returns a client with it. */
  async function tokenOf(page_: Page) {
    const organization = await organizationOf(page_);
    await page_.goto(organization);
    const baseUrl = await baseUrlOf(page_);
    await page_.goto(`${organization}/acts/issue-token`);
    await page_.getByRole('button', { name: 'Issue an API token' }).click();
    return scimClient(baseUrl, (await page_.locator('code.secret').innerText()).trim());
  }
});
