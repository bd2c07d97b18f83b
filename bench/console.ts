/** Measures the pages of the console over many organizations and users. */
import { join } from 'node:path';
import { freePort } from '../bin/port.js';
import { type Keep, type Setting, TOKENS } from './chains.js';
import { createOrganizations, type Loaded, load } from './console/data.js';
import type { Database } from './database.js';
import { launch } from './processes.js';
import { table } from './report.js';

const LINK_CODE = 'the-code-of-the-link-of-the-bench-of-the-console';
/** The longest time of a page, in milliseconds. */
const AIM_MS = 300;
const PAGE_MS = 20_000;

/** The size of the data, and how often each page is asked for. */
export interface ConsoleOptions {
  users: number;
  organizations: number;
  rounds: number;
}

/** Loads the data and asks for every page, one after the other. Returns a table. */
export async function measureConsole(
  database: Database,
  setting: Setting,
  keep: Keep,
  { users, organizations, rounds }: ConsoleOptions,
): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const callers = Object.entries({ ...TOKENS, viewer: VIEWER, support: SUPPORT });
  const userstore = await launch({
    ...setting,
    module: 'userstore/main',
    env: {
      MONGODB_URI: database.uri,
      USERSTORE_PORT: address.split(':')[1] ?? '',
      SERVICE_TOKENS: callers.map(([role, token]) => `${role}:${role}:${token}`).join(','),
    },
  });
  keep(userstore.stop);
  process.stderr.write(`creating ${organizations} organizations …\n`);
  const [ids, suffix] = await createOrganizations(address, organizations);
  const start = performance.now();
  const loaded = await load(database.uri, ids, suffix, users);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const get = await startConsole(address, setting, keep);
  const rows: string[][] = [];
  for (const [name, path] of pagesOf(loaded)) {
    const times: number[] = [];
    for (let round = 0; round <= rounds; round++) times.push(await get(path));
    const [first = 0, ...others] = times;
    const sorted = others.toSorted((a, b) => a - b);
    const figures = [first, sorted[sorted.length >> 1] ?? 0, sorted.at(-1) ?? 0];
    const isSlow = (sorted[sorted.length >> 1] ?? 0) > AIM_MS;
    rows.push([name, ...figures.map((figure) => figure.toFixed(0)), isSlow ? 'slow' : '']);
  }
  const data = `${users} users in ${organizations} organizations, ${Math.ceil(users / 10)} of them in the largest`;
  const head = ['page', 'first', 'median', 'most', ''];
  return `${data}, loaded in ${seconds} s. Milliseconds of ${rounds} more tries; slow: a median above ${AIM_MS}.\n\n${table([head, ...rows])}`;
}

const [VIEWER, SUPPORT] = ['viewer-service-token-of-bench', 'support-service-token-of-bench'];

/** Starts the console and signs in. Returns a function that asks for a page and returns the milliseconds. */
async function startConsole(address: string, setting: Setting, keep: Keep): Promise<(path: string) => Promise<number>> {
  const port = String(await freePort());
  const env = {
    CONSOLE_PORT: port,
    CONSOLE_LINK_CODE: LINK_CODE,
    CONSOLE_VIEWER_TOKEN: VIEWER,
    CONSOLE_SUPPORT_TOKEN: SUPPORT,
    CONSOLE_ADMIN_TOKEN: TOKENS.admin,
    USERSTORE_ADDRESS: address,
    DATA_DIR: join(setting.folder, 'console'),
  };
  keep((await launch({ ...setting, module: 'console/main', env })).stop);
  const origin = `http://127.0.0.1:${port}`;
  const body = new URLSearchParams({ code: LINK_CODE });
  const signedIn = await fetch(`${origin}/sign-in/link`, { method: 'POST', body, redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  return async (path) => {
    const start = performance.now();
    const signal = AbortSignal.any([setting.signal, AbortSignal.timeout(PAGE_MS)]);
    const response = await fetch(origin + path, { headers: { cookie }, redirect: 'manual', signal });
    const text = await response.text();
    const time = performance.now() - start;
    if (response.status !== 200 && response.status !== 303) {
      const title = /<h1>([^<]*)/.exec(text)?.[1] ?? '';
      process.stderr.write(`${path}: status ${response.status}, ${title}\n`);
      return Number.POSITIVE_INFINITY;
    }
    return time;
  };
}

function pagesOf({ largest, other, user, groupId, requestId, secretSuffix }: Loaded): [name: string, path: string][] {
  const [base, small] = [`/organizations/${largest}`, `/organizations/${other}`];
  const year = 'since=2020-01-01T00%3A00';
  return [
    ['organizations', '/organizations'],
    ['organizations by name', '/organizations?name=patel'],
    ['search: user name', `/search?q=${encodeURIComponent(user.userName)}`],
    ['search: name of a person', '/search?q=ana%20ruiz'],
    ['search: beginning of a family name', '/search?q=had'],
    ['search: name in the largest organization', `/search?q=okoye&organization=${largest}`],
    ['search: nothing', '/search?q=nobody-has-this-name'],
    ['search: part of names of organizations', '/search?q=homes'],
    ['search: reference', `/search?q=${requestId}`],
    ['search: token', `/search?q=${secretSuffix}`],
    ['organization, largest', base],
    ['organization', small],
    ['schemas', `${base}/schemas`],
    ['users, largest', `${base}/users`],
    ['users: beginning of a name', `${base}/users?q=ana.ruiz`],
    ['users: part of a name', `${small}/users?q=ruiz`],
    ['users: a name that nobody has', `${base}/users?q=nobody-has-this`],
    ['users: disabled', `${base}/users?state=disabled`],
    ['users: locked', `${base}/users?state=locked`],
    ['user', `${base}/users/${user.id}`],
    ['groups', `${base}/groups`],
    ['group', `${base}/groups/${groupId}`],
    ['requests', `${base}/requests`],
    ['requests: failures', `${base}/requests?failed=yes`],
    ['requests: a status that none has', `${base}/requests?status=5`],
    ['requests: a path that none has', `${base}/requests?path=%2Fnothing`],
    ['requests: of a user', `${base}/requests?user=${encodeURIComponent(user.userName)}`],
    ['request', `${base}/requests/${requestId}`],
    ['events', `${base}/events`],
    ['events: of staff', `${base}/events?staff=yes`],
    ['events: a type that none has', `${base}/events?type=token.revoked`],
    ['staff log', '/staff-log'],
    ['staff log: a person', `/staff-log?person=ana.0&${year}`],
    ['staff log: nobody', `/staff-log?person=nobody&${year}`],
    ['webhooks', '/webhooks'],
    ['form: suspend', `${base}/acts/suspend`],
    ['form: delete', `${base}/acts/delete`],
  ];
}
