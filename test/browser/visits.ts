/** Every page of the console and of setup links, each with the way to it. */
import type { Page } from 'playwright-core';
import { ACTS } from '../../console/app.js';
import type { Role } from '../../console/staff/role.js';
import { LINK_CODE, startConsole } from '../harness/console.js';
import type { Example } from './example.js';

/** A page, and the way to it. */
export interface Visit {
  name: string;
  go: (page: Page) => Promise<unknown>;
}

/** The paths of the console's pages, as its routes have them. Without acts. */
export const PAGES = [
  '/sign-in',
  '/sign-in/link',
  '/search',
  '/organizations',
  '/organizations/:organizationId',
  '/organizations/:organizationId/schemas',
  '/organizations/:organizationId/users',
  '/organizations/:organizationId/users/:userId',
  '/organizations/:organizationId/groups',
  '/organizations/:organizationId/groups/:groupId',
  '/organizations/:organizationId/requests',
  '/organizations/:organizationId/requests/:requestId',
  '/organizations/:organizationId/events',
  '/requests',
  '/staff-log',
  '/webhooks',
  '/webhooks/:webhookId',
];

/** Signs a browser in with a role. */
export async function signInAs(page: Page, { running }: Example, role: Role, isOld = false): Promise<void> {
  const token = running.sessions.begin({ name: `${role}@leasehawk.example`, role }, isOld);
  const session = running.sessions.find(token);
  if (session && isOld) session.authTime = 0;
  await page.context().addCookies([{ name: 'console-session', value: token, url: running.origin }]);
}

/** Returns the visits of all pages. */
export function visitsOf(example: Example): Visit[] {
  return [...pagesOf(example), ...actsOf(example), ...outcomesOf(example), ...setupLinksOf(example)];
}

const fill = (path: string, ids: Record<string, string>) =>
  path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name] ?? 'none'));

const idsOf = ({ webhookIds, ...example }: Example, whose: 'customer' | 'hostile') => {
  const { organizationId, userIds, groupId, failedId, apiTokenId, linkId } = example[whose];
  return {
    organizationId,
    userId: userIds[0] ?? '',
    groupId,
    requestId: failedId,
    tokenId: apiTokenId,
    setupLinkId: linkId,
    schemaId: 'urn:oakstreet:1.0:User',
    webhookId: webhookIds[0] ?? '',
  };
};

function pagesOf(example: Example): Visit[] {
  const { origin } = example.running;
  const to = (name: string, path: string): Visit => ({ name, go: (page) => page.goto(origin + path) });
  const nameOf = (path: string) =>
    path
      .replace(/\/:\w+/g, '-one')
      .replaceAll('/', '-')
      .slice(1);
  const base = `/organizations/${example.customer.organizationId}`;
  const [, ben, chloe] = example.customer.userIds;
  return [
    ...PAGES.map((path) => to(nameOf(path), fill(path, idsOf(example, 'customer')))),
    ...PAGES.filter((path) => path.includes('/:organizationId')).map((path) =>
      to(`hostile-${nameOf(path)}`, fill(path, idsOf(example, 'hostile'))),
    ),
    ...['', '/users', '/groups', '/requests', '/events', '/schemas'].map((path) =>
      to(`empty${path.replace('/', '-')}`, `/organizations/${example.empty}${path}`),
    ),
    to('suspended', `/organizations/${example.suspended}`),
    to('user-may-sign-in', `${base}/users/${ben}`),
    to('user-locked', `${base}/users/${chloe}`),
    to('users-none', `${base}/users?q=nobody&state=locked`),
    to('all-requests-failed', '/requests?failed=yes'),
    to('requests-failed', `${base}/requests?failed=yes`),
    to('events-staff', `${base}/events?staff=yes`),
    to('webhook-failing', `/webhooks/${example.webhookIds[1]}`),
    to('search-results', '/search?q=oak'),
    to('search-nothing', '/search?q=nothing-has-this-name'),
    to('not-found', '/nothing'),
    {
      name: 'viewer-organization',
      go: (page) => as(page, example, 'viewer', () => page.goto(origin + base)),
    },
    {
      name: 'viewer-bodies',
      go: (page) =>
        as(page, example, 'viewer', () => page.goto(`${origin}${base}/requests/${example.customer.failedId}`)),
    },
    {
      name: 'viewer-refused',
      go: (page) => as(page, example, 'viewer', () => page.goto(`${origin}${base}/acts/suspend`)),
    },
    {
      name: 'prove-who-you-are',
      async go(page) {
        await signInAs(page, example, 'admin', true);
        await page.goto(`${origin}${base}/acts/delete`);
        await signInAs(page, example, 'admin');
      },
    },
    { name: 'userstore-away', go: (page) => withoutUserstore(page) },
  ];
}

/** Does something as another role, and is an admin again. */
async function as(page: Page, example: Example, role: Role, go: () => Promise<unknown>): Promise<void> {
  await signInAs(page, example, role);
  await go();
  await signInAs(page, example, 'admin');
}

async function withoutUserstore(page: Page): Promise<void> {
  const alone = await startConsole('127.0.0.1:9', 'https://scim.leasehawk.example');
  await page.goto(`${alone.origin}/sign-in/link?code=${LINK_CODE}`);
  const before = await page.context().cookies(alone.origin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForLoadState();
  await page.context().addCookies(before);
  await alone.stop();
}

const actsOf = (example: Example): Visit[] =>
  Object.entries(ACTS).flatMap(([path, acts]) =>
    Object.keys(acts).flatMap((act) => {
      const name = `act${path.replace(/\/:\w+|\/acts/g, '').replaceAll('/', '-')}-${act}`;
      const to = (whose: 'customer' | 'hostile') => (page: Page) =>
        page.goto(`${example.running.origin}${fill(path, idsOf(example, whose))}/${act}`);
      const visit = { name, go: to('customer') };
      // The other acts show the same names in the same way.
      return ['delete', 'lock'].includes(act) ? [visit, { name: `hostile-${name}`, go: to('hostile') }] : [visit];
    }),
  );

/** The pages that follow a form. */
function outcomesOf(example: Example): Visit[] {
  const { origin } = example.running;
  const done = (name: string, path: string, fields: Record<string, string>, role: Role = 'admin'): Visit => ({
    name,
    go: (page) =>
      as(page, example, role, async () => {
        await page.goto(origin + path);
        for (const [field, value] of Object.entries(fields)) await page.locator(`main [name="${field}"]`).fill(value);
        await page.locator('main form button').click();
        await page.waitForLoadState();
      }),
  });
  const base = `/organizations/${example.customer.organizationId}`;
  return [
    done('outcome-token', `${base}/acts/issue-token`, { label: 'Okta' }),
    done('outcome-token-wrong', `${base}/acts/issue-token`, { label: 'Okta', days: '5000' }),
    done('outcome-setup-link', `${base}/acts/new-setup-link`, {
      recipient: 'Lea Moreno',
      domains: 'oakstreet.example',
    }),
    done('outcome-webhook', '/acts/new-webhook', { url: 'https://hooks.leasehawk.example/users' }),
    done('outcome-schema-wrong', `${base}/acts/declare-schema`, { schema: '{' }),
    done('outcome-test-unreachable', `${base}/acts/test-sign-in`, {}),
    done('outcome-test-accepted', `/organizations/${example.hostile.organizationId}/acts/test-sign-in`, {}),
    done('outcome-test-support', `/organizations/${example.hostile.organizationId}/acts/test-sign-in`, {}, 'support'),
    done('outcome-delete-wrong', `${base}/acts/delete`, { name: 'another' }),
  ];
}

/** The pages of the edge behind setup links. */
function setupLinksOf({ pair: { publicUrl }, customer, hostile, ended }: Example): Visit[] {
  const open = async (page: Page, secret: string) => {
    // Without it, the browser stays on the page that it has.
    await page.goto('about:blank');
    await page.goto(`${publicUrl}/setup/link#${secret}`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForLoadState();
  };
  return [
    { name: 'setup-link', go: (page) => page.goto(`${publicUrl}/setup/link`) },
    { name: 'setup-link-unknown', go: (page) => open(page, 'A'.repeat(43)) },
    ...Object.entries(ended).map(([end, secret]) => ({
      name: `setup-link-${end}`,
      go: (page: Page) => open(page, secret),
    })),
    { name: 'setup-link-steps', go: (page) => open(page, customer.linkSecret) },
    { name: 'hostile-setup-link-steps', go: (page) => open(page, hostile.linkSecret) },
    {
      name: 'setup-link-token',
      async go(page) {
        await open(page, customer.linkSecret);
        await page.getByRole('button', { name: /^Issue/ }).click();
        await page.waitForLoadState();
      },
    },
  ];
}
