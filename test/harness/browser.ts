/** A real browser, where this machine has one. */
import { existsSync } from 'node:fs';
import axe from 'axe-core';
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

/** Returns the rules of axe-core that a page breaks, with the elements. */
export async function violationsIn(page: Page): Promise<string[]> {
  // The page's policy forbids inline scripts; the browser's own tools may run them.
  return await page.evaluate(`(async () => {
    ${axe.source};
    const { violations } = await axe.run(document);
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', '));
  })()`);
}
