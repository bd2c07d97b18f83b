/** A real browser, where this machine has one. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { RunOptions } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Starts a Chromium: the one that CHROMIUM names, else Debian's. Skips the suite, and says so, where there is none. */
export async function startBrowser(context: Mocha.Context): Promise<Browser> {
  const executablePath = process.env.CHROMIUM || PLACES.find(existsSync);
  if (executablePath === undefined) {
    console.log('      skipped: there is no Chromium; install Debian’s "chromium" or set CHROMIUM');
    return context.skip();
  }
  return await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

const AXE = { content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8') };
const withAxe = new WeakSet<Page>();

/** The rules whose outcome depends on colours. */
export const RULES_OF_COLOURS: readonly string[] = ['color-contrast', 'link-in-text-block'];

/** Returns the rules of axe-core that a page breaks, with the elements: all rules, or these. */
export async function violationsIn(page: Page, rules?: readonly string[]): Promise<string[]> {
  // A browser compiles a script that it adds to each document once only; the document that is open gets it here.
  if (!withAxe.has(page)) {
    withAxe.add(page);
    await page.addInitScript(AXE);
    // The page's policy forbids inline scripts; the browser's own tools may run them.
    await page.evaluate(AXE.content);
  }
  // The elements that keep a rule take more time than those that break it.
  const options: RunOptions = { resultTypes: ['violations'], ...(rules && { runOnly: [...rules] }) };
  return await page.evaluate(`(async () => {
    const { violations } = await axe.run(document, ${JSON.stringify(options)});
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', '));
  })()`);
}
