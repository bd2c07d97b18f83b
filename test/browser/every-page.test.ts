/** Every page of the console and of setup links, as people with a keyboard, a screen reader, a phone or dark colours meet it. */
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { RULES_OF_COLOURS, startBrowser, violationsIn } from '../harness/browser.js';
import { needsOwnPair } from '../harness/organizations.js';
import { routesOf } from '../harness/routes.js';
import { type Example, startExample } from './example.js';
import { PAGES, signInAs, visitsOf } from './visits.js';

/** Addresses that answer with a file, with rows, or with a redirection. */
const NO_PAGES = [
  '/health/live',
  '/style.css',
  '/mark.svg',
  '/live.js',
  '/copy.js',
  '/',
  '/sign-in/start',
  '/sign-in/return',
  '/organizations/:organizationId/requests/live',
  '/requests/live',
];
/** Parts that the policy of a page forbids. A page of the edge has one style, which its policy names by its hash. */
const INLINE = `[...document.querySelectorAll('script:not([src]), :not(head) > style, style + style, [style]')]
  .concat([...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => /^on/.test(name))))
  .map((one) => one.outerHTML.slice(0, 100))`;
const IS_TOO_WIDE = 'document.documentElement.scrollWidth > innerWidth';
/** Every eighth page is looked at in all ways: all pages have the same colours and the same style. */
const SAMPLE = 8;

/** The ways to look at a page, with the rules that can have another outcome than in the first one; each page is looked at in that. */
const WAYS = [
  { colorScheme: 'light', width: 1280, rules: undefined },
  { colorScheme: 'dark', width: 1280, rules: RULES_OF_COLOURS },
  { colorScheme: 'dark', width: 390, rules: undefined },
] as const;

describe('every page', function () {
  this.timeout(600_000);
  let browser: Browser;
  let example: Example;
  let page: Page;
  const problems: string[] = [];

  before(async function () {
    needsOwnPair(this);
    browser = await startBrowser(this);
    example = await startExample();
    page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
        problems.push(message.text());
    });
    await signInAs(page, example, 'admin');
  });
  after(async () => {
    await browser?.close();
    await example?.stop();
  });

  it('of the console is among those that these tests visit', () => {
    const pages = routesOf(example.running.app).filter((route) => /^GET (?!.*\/acts\/:act$)/.test(route));
    expect(pages).to.have.members([...PAGES, ...NO_PAGES].map((path) => `GET ${path}`));
  });

  it('breaks no rule of axe-core, is no wider than the screen, has no inline script or style, and shows hostile names as text', async () => {
    const faults: string[] = [];
    for (const [index, { name, go }] of visitsOf(example).entries()) {
      await go(page);
      for (const way of index % SAMPLE === 0 ? WAYS : WAYS.slice(0, 1)) faults.push(...(await faultsOf(name, way)));
      await page.setViewportSize({ width: 390, height: 900 });
      if (await page.evaluate(IS_TOO_WIDE)) faults.push(`${name}: wider than a phone`);
      faults.push(...((await page.evaluate(INLINE)) as string[]).map((part) => `${name}: ${part}`));
      if ((await page.title()) === 'broken') faults.push(`${name}: a name ran as a script`);
    }
    expect([...faults, ...problems]).to.deep.equal([]);
  });

  /** Returns what is wrong with the page that is open. */
  async function faultsOf(name: string, { colorScheme, width, rules }: (typeof WAYS)[number]): Promise<string[]> {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const found = await violationsIn(page, rules);
    if (await page.evaluate(IS_TOO_WIDE)) found.push('too wide');
    return found.map((fault) => `${name} ${colorScheme} ${width}: ${fault}`);
  }
});
