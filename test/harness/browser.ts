/** A real browser, where this machine has one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

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
