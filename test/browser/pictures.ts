/**
 * The command `npm run pictures`: takes the pictures of the console and of a setup link for docs/, on a pair of services with
 * made-up customers. With `-- --all FOLDER` it takes every page instead: wide and on a phone, light and dark. It needs Chromium.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { mochaGlobalSetup, mochaGlobalTeardown } from '../harness/mongod.js';
import { type Example, startExample } from './example.js';
import { signInAs, visitsOf } from './visits.js';

const FOLDER = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));

type Scheme = 'light' | 'dark';

async function take(page: Page, path: string, colorScheme: Scheme, width: number, height?: number): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: height ?? (width > 500 ? 860 : 780) });
  await page.screenshot({ path, fullPage: height === undefined });
}

/** Takes the pictures of the documentation. */
async function forDocs(page: Page, example: Example): Promise<void> {
  const visits = new Map(visitsOf(example).map((visit) => [visit.name, visit]));
  const pictures: [file: string, name: string, colorScheme: Scheme, width: number, height: number][] = [
    ['console-organization', 'organizations-one', 'light', 1280, 860],
    ['console-user', 'organizations-one-users-one', 'light', 1280, 860],
    ['console-requests', 'requests-failed', 'dark', 1280, 860],
    ['console-phone', 'organizations-one-users-one', 'light', 390, 780],
    ['console-bodies', 'organizations-one-requests-one', 'light', 1280, 1040],
    ['setup-link', 'setup-link-steps', 'light', 820, 1040],
  ];
  for (const [file, name, ...how] of pictures) {
    const visit = visits.get(name);
    if (!visit) throw new Error(`there is no page ${name}`);
    await visit.go(page);
    await take(page, `${FOLDER}${file}.png`, ...how);
  }
}

/** Takes every page into a folder. */
async function ofAll(page: Page, example: Example, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const visit of visitsOf(example)) {
    // Once: a page that shows a secret shows it once.
    await visit.go(page);
    for (const width of [1280, 390]) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await take(page, `${folder}/${visit.name}-${width}-${colorScheme}.png`, colorScheme, width);
      }
    }
  }
}

const [option, folder] = process.argv.slice(2);
if (option !== undefined && (option !== '--all' || folder === undefined)) {
  throw new Error('usage: npm run pictures [-- --all FOLDER]');
}

/** Takes the pictures; then stops the browser and the services, also after a failure. */
async function main(): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const example = await startExample();
    try {
      const page = await browser.newPage();
      await signInAs(page, example, 'admin');
      if (folder === undefined) await forDocs(page, example);
      else await ofAll(page, example, folder);
    } finally {
      await example.stop();
    }
  } finally {
    await browser.close();
  }
}

await mochaGlobalSetup();
// Services of an example that fails to start end with this process.
await main().finally(mochaGlobalTeardown);
