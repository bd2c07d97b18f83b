/** The setup page as a customer's Okta admin sees it. */
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { connect } from '../../bin/admin/userstore.js';
import { startBrowser } from '../harness/browser.js';
import { freshTenant, needsOwnPair, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';

describe('the setup page in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let tenant: Tenant;
  let url: string;
  const problems: string[] = [];
  const requests: string[] = [];

  async function open(more: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await browser.newPage(more);
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return page;
  }

  before(async function () {
    needsOwnPair(this);
    browser = await startBrowser(this);
    tenant = await freshTenant();
    url = tenant.baseUrl.replace('/scim/v2', '/setup');
    const admin = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    await admin.updateOrganization(tenant.organizationId, () => ({ displayName: '<b>Oak & "Elm"</b>' }));
    admin.close();
  });
  after(() => browser?.close());

  it('is styled, loads nothing but its script, and breaks no rule of its policy', async () => {
    const page = await open();
    expect(await page.title()).to.equal('Set up LeaseHawk provisioning in Okta');
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).not.to.equal('none');
    expect(problems).to.deep.equal([]);
    const others = requests.filter((request) => request !== url && !request.endsWith('/favicon.svg'));
    expect(others).to.deep.equal([`${url}/copy.js`]);
  });

  it('shows the mark, and its policy lets the browser load the icon', async () => {
    const page = await open();
    expect(await page.innerText('header')).to.equal('LeaseHawk');
    expect((await page.locator('header svg').boundingBox())?.width).to.equal(28);
    const icon = await page.locator('link[rel=icon]').getAttribute('href');
    const load = `new Promise((done) => { const image = new Image(); image.onload = () => done(true);
      image.onerror = () => done(false); image.src = ${JSON.stringify(icon)}; })`;
    expect(await page.evaluate(load)).to.equal(true);
    expect(problems).to.deep.equal([]);
  });

  it('has this organization’s name and values, as text', async () => {
    const page = await open();
    const text = await page.innerText('main');
    expect(text).to.include('For the Okta admin of <b>Oak & "Elm"</b>.');
    const codes = await page.locator('code').allInnerTexts();
    expect(codes).to.include(tenant.organizationId).and.to.include(tenant.baseUrl);
    expect(await page.content()).not.to.include(tenant.secret);
  });

  it('has one main heading, no level left out, headed tables and a language', async () => {
    const page = await open();
    const levels = await page
      .locator('h1, h2, h3')
      .evaluateAll((all: { tagName: string }[]) => all.map(({ tagName }) => tagName));
    expect(levels.filter((level) => level === 'H1')).to.have.length(1);
    expect(levels[0]).to.equal('H1');
    const depths = levels.map((level) => Number(level[1]));
    for (const [index, depth] of depths.entries()) expect(depth - (depths[index - 1] ?? 0)).to.be.at.most(1);
    for (const table of await page.locator('table').all())
      expect(await table.locator('th[scope]').count()).to.be.above(0);
    expect(await page.locator('html').getAttribute('lang')).to.equal('en');
    expect(await page.locator('main').count()).to.equal(1);
  });

  it('copies a value by its button; without script there is none, and the value is still there', async () => {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const button = page.getByRole('button', { name: 'Copy: Organization ID' });
    await button.click();
    await page.getByRole('button', { name: 'Copied: Organization ID' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal(tenant.organizationId);
    const plain = await open({ javaScriptEnabled: false });
    expect(await plain.locator('button').count()).to.equal(0);
    expect(await plain.locator('code.copy').first().innerText()).to.equal(tenant.organizationId);
  });

  it('has contents whose links lead to its sections', async () => {
    const page = await open();
    for (const link of await page.locator('nav a').all()) {
      expect(await page.locator((await link.getAttribute('href')) ?? '').count()).to.equal(1);
    }
  });

  it('fits a phone without scrolling sideways, and prints', async () => {
    const page = await open({ viewport: { width: 360, height: 700 } });
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(overflow)).to.equal(0);
    const table = await page.locator('table.stack').first().boundingBox();
    const cell = await page.locator('table.stack td').first().boundingBox();
    expect(cell?.width ?? 0).to.be.above((table?.width ?? 0) * 0.9);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).to.equal('%PDF-');
  });
});
