/**
 * The command `npm run pictures`: takes the pictures of the console and of a setup link for docs/, on a pair of services with the organization
 * of a made-up customer. It needs Chromium.
 */
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { LINK_CODE, startConsole } from '../harness/console.js';
import { mochaGlobalSetup, mochaGlobalTeardown } from '../harness/mongod.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { CORE_USER, ENTERPRISE_USER } from '../harness/scim.js';
import { startSignInPair } from '../harness/sign-in.js';
import { newConnection, setConnection } from '../harness/sso.js';
import { actor, eventually } from '../harness/userstore.js';

const FOLDER = fileURLToPath(new URL('../../../docs/pictures/', import.meta.url));
const NAMES = [
  'Ana Ruiz',
  'Ben Okoye',
  'Chloe Martin',
  'Dev Patel',
  'Elif Kaya',
  'Farid Haddad',
  'Grace Lin',
  'Hugo Silva',
];
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const loginOf = (name: string) => `${name.toLowerCase().replace(' ', '.')}@oakstreet.example`;

const userOf = (name: string) => {
  const [givenName, familyName] = name.split(' ');
  return {
    schemas: [CORE_USER, ENTERPRISE_USER],
    userName: loginOf(name),
    externalId: `00u${name.length}${name.charCodeAt(0)}`,
    name: { givenName, familyName },
    displayName: name,
    title: 'Leasing agent',
    emails: [{ value: loginOf(name), type: 'work', primary: true }],
    [ENTERPRISE_USER]: { department: 'Leasing' },
  };
};

/** Sends what the customer's Okta would: new users, a group, a change, a leaver, and a name that is taken. */
async function provision({ scim }: Tenant): Promise<string[]> {
  const ids: string[] = [];
  for (const name of NAMES) ids.push((await scim('POST', '/Users', userOf(name))).body.id);
  const members = ids.slice(0, 5).map((value) => ({ value }));
  await scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Leasing', members });
  const patch = (id: string | undefined, value: object) =>
    scim('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations: [{ op: 'replace', value }] });
  await patch(ids[0], { title: 'Leasing manager' });
  for (let count = 0; count < 3; count++) await scim('POST', '/Users', userOf('Ben Okoye'));
  await patch(ids[0], { active: false });
  return ids;
}

async function take(
  page: Page,
  url: string,
  name: string,
  colorScheme: 'light' | 'dark',
  width: number,
  height = width > 500 ? 860 : 780,
): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
  await page.goto(url);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

await mochaGlobalSetup();
const pair = await startSignInPair('pictures');
const { admin } = pair;
const tenant = await createTenant(pair);
const { organizationId } = tenant;
const { organization } = await admin.getOrganization({ organizationId });
const renamed = { ...organization, displayName: 'Oak Street Properties', rateLimit: undefined };
const updateMask = ['display_name', 'rate_limit'];
await admin.updateOrganization({
  organizationId,
  actor: actor(),
  organization: renamed as typeof organization,
  updateMask,
});
const connection = newConnection({ issuer: 'https://oakstreet.okta.com', domains: ['oakstreet.example'] });
await setConnection(admin, organizationId, connection);
const recipient = 'Lea Moreno, lea@oakstreet.example';
const { secret } = await admin.createSetupLink({ organizationId, actor: actor(), recipient, days: 7, domains: [] });
const [ana] = await provision(tenant);
const console_ = await startConsole(pair.address, 'https://scim.leasehawk.example');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
await page.goto(`${console_.origin}/sign-in/link?code=${LINK_CODE}`);
await page.getByRole('button', { name: 'Sign in' }).click();
const base = `${console_.origin}/organizations/${organizationId}`;
await eventually('the requests are recorded', async () => {
  await page.goto(`${base}/requests`);
  return (await page.locator('tbody tr').count()) >= NAMES.length + 4;
});
await take(page, base, 'console-organization', 'light', 1280);
await take(page, `${base}/users/${ana}`, 'console-user', 'light', 1280);
await take(page, `${base}/requests?failed=yes`, 'console-requests', 'dark', 1280);
await take(page, `${base}/users/${ana}`, 'console-phone', 'light', 390);
await page.goto(`${base}/requests?failed=yes`);
await page.getByRole('row', { name: '409' }).getByRole('link').first().click();
await page.getByRole('heading', { name: 'Bodies' }).waitFor();
await take(page, page.url(), 'console-bodies', 'light', 1280, 1040);
await page.goto(`${pair.publicUrl}/setup/link#${secret}`);
await page.getByRole('button', { name: 'Continue' }).click();
await page.waitForURL(`${pair.publicUrl}/setup/steps`);
await take(page, page.url(), 'setup-link', 'light', 820, 1040);
await browser.close();
await console_.stop();
await pair.stop();
await mochaGlobalTeardown();
