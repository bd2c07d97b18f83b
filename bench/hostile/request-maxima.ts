/** The maxima of docs/limits.md for requests: each load sends the same request several times at once. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ExtensionSchema } from '../../proto/gen/userstore/v1/extension_schema.js';
import { GROUP, PATCH_OP, USER } from '../schemas.js';
import type { Tenant } from '../world.js';
import { seed } from './seed.js';
import { type Ask, asAdmin, BULK_REQUEST, json, type Load, type Target, times, UNDECLARED } from './target.js';

const WIDTH = 8;
const MAX_BODY = 5 * 1024 * 1024;
const MANY = 50_000;
const MANY_GROUPS = 10_000;
/** Requests whose bodies never come: more than a quarter of the places of an edge, which one organization may have. */
const UNFINISHED = 600;
const UNFINISHED_MS = 5000;
const ANONYMOUS_MS = 5000;

/** A load of `width` equal requests of an organization with one user. */
const requests = (
  name: string,
  title: string,
  make: (tenant: Tenant, id: string, target: Target) => Omit<Ask, 'tenant'> | Promise<Omit<Ask, 'tenant'>>,
  width = WIDTH,
): Load => ({
  name,
  title: `${width} × ${title}`,
  async prepare(target) {
    const tenant = await target.createTenant();
    const asked = { tenant, ...(await make(tenant, await target.createUser(tenant), target)) };
    return () => Promise.all(times(width, () => target.ask(asked)));
  },
});

const post = (more: object): Omit<Ask, 'tenant'> => ({
  method: 'POST',
  path: '/Users',
  body: json({ schemas: [USER], userName: 'request@bench.example', ...more }),
});
const patch = (id: string, operations: object[]): Omit<Ask, 'tenant'> => ({
  method: 'PATCH',
  path: `/Users/${id}`,
  body: json({ schemas: [PATCH_OP], Operations: operations }),
});
const object = (names: string[]) => Object.fromEntries(names.map((name) => [name, 1]));
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
const queryOf = (parameters: Record<string, string>) => `/Users?${new URLSearchParams(parameters)}`;

/** 2000 terms and 256 KiB in the paths of 1000 operations. */
const longPaths = (id: string) =>
  patch(
    id,
    times(1000, (index) => {
      const text = 'p'.repeat(105);
      return { op: 'replace', path: `emails[type eq "${index}${text}" or value eq "${text}"].display`, value: 'x' };
    }),
  );

/** References of all operations to one that is refused. */
const references = () => {
  const refused = { method: 'POST', path: '/Users', bulkId: 'f', data: {} };
  const operation = (index: number) => {
    const data = { schemas: [GROUP], displayName: `${index}`, members: times(20, () => ({ value: 'bulkId:f' })) };
    return { method: 'POST', path: '/Groups', bulkId: `${index}`, data };
  };
  const body = json({ schemas: [BULK_REQUEST], Operations: [refused, ...times(999, operation)] });
  return { method: 'POST', path: '/Bulk', body };
};

const schemas: Load = requests(
  'schemas',
  'a user, and all schemas, with 20 own schemas',
  async (tenant, _id, target) => {
    const extensionSchemas = times(20, (number) => ({
      id: `urn:example:own${number}:1.0:User`,
      displayName: `Own ${number}`,
      attributes: times(25, (index) => ({ name: `attribute${index}`, type: 1 })),
    })).map((schema) => ExtensionSchema.fromPartial(schema));
    await asAdmin(target.address, (admin) =>
      admin.updateOrganization(tenant.organizationId, () => ({ extensionSchemas })),
    );
    return { path: '/Schemas' };
  },
);

/** One user in 10,000 groups, or 50,000 users in one group, found by a filter. */
const memberFilter = (title: string, groups: number, members: number, path: (ids: string[]) => string): Load => ({
  name: 'members-filter',
  title,
  async prepare(target) {
    const tenant = await target.createTenant();
    const stored = { users: members, groups, members };
    const { userIds, groupIds } = await seed(target.mongodbUri, tenant.organizationId, stored);
    const asked = { tenant, path: path([userIds[0] ?? '', groupIds[0] ?? '']) };
    return () => Promise.all(times(2, () => target.ask(asked)));
  },
});

/** Requests whose bodies never come; `length` is what their headers promise. */
const unfinished = (title: string, path: string, length: number, isAnonymous: boolean): Load => ({
  name: 'unfinished',
  title: `${UNFINISHED} ${title}`,
  async prepare(target) {
    const tenant = await target.createTenant();
    return async () => {
      const sent = times(UNFINISHED, () => {
        const whole = isAnonymous ? path : `/${tenant.organizationId}/scim/v2${path}`;
        const credential = isAnonymous ? {} : { Authorization: `apikey ${tenant.secret}` };
        const type = isAnonymous ? 'application/x-www-form-urlencoded' : 'application/scim+json';
        const headers = { ...credential, 'Content-Type': type, 'Content-Length': length };
        const options = { host: '127.0.0.1', port: target.port, path: whole, method: 'POST', headers };
        const opened = request(options, (response) => target.count(response.resume().statusCode ?? 0));
        opened.on('error', () => undefined).flushHeaders();
        return opened;
      });
      await sleep(UNFINISHED_MS, undefined, { signal: target.signal }).catch(() => undefined);
      for (const opened of sent) opened.destroy();
    };
  },
});

/** Anonymous requests, 32 at a time for 5 s. */
const anonymous = (name: string, title: string, asked: Ask): Load => ({
  name,
  title: `${title}, 32 at a time for ${ANONYMOUS_MS / 1000} s`,
  async prepare(target) {
    return async () => {
      const end = Date.now() + ANONYMOUS_MS;
      const ask = async () => {
        while (Date.now() < end && !target.signal.aborted) await target.ask(asked);
      };
      await Promise.all(times(32, ask));
    };
  },
});

const text = (length: number) => 't'.repeat(length);
const logoutToken = ['a', 'b', 'c'].map((part) => part.repeat(2700)).join('.');

/** The loads of requests, in the order in which they run. */
export const REQUEST_MAXIMA: Load[] = [
  requests('headers', '15 KiB of headers', () => ({ path: `/Users?attributes=id&x=${text(15_000)}` }), 64),
  requests('compressed', '5 MiB of blanks, compressed', () => {
    const body = gzipSync(Buffer.concat([Buffer.alloc(MAX_BODY - 2, ' '), Buffer.from('{}')]));
    return { method: 'POST', path: '/Users', body, encoding: 'gzip' };
  }),
  requests('json', '200,000 names', () => post({ list: times(2000, () => object(times(99, (i) => `n${i}`))) })),
  requests('json', '50,000 names beyond the first 100 of objects', () =>
    post({ list: times(26, () => object(times(2000, (i) => `n${i}`))) }),
  ),
  requests('json', '5000 sequences of names', () => post({ list: times(4900, (i) => ({ [`n${i}`]: 1 })) })),
  requests('json', '250,000 values', () => post({ [UNDECLARED]: { list: times(249_900, () => 1) } })),
  requests('secrets', 'refused bodies of 499 secrets and 1000 texts that resemble them', () =>
    post({
      userName: undefined,
      passwords: times(499, (i) => ({ password: `${'p'.repeat(1000)}${i}` })),
      notes: times(1000, () => 'pppq'.repeat(500)),
    }),
  ),
  requests('json', '20 levels', () => post(nested(18))),
  requests('paths', 'PATCH: 1000 paths of 256 KiB and 2000 terms together', (_tenant, id) => longPaths(id)),
  requests('paths', 'PATCH: one replace of 1000 attributes', (_tenant, id) =>
    patch(id, [{ op: 'replace', value: { [UNDECLARED]: object(times(999, (i) => `a${i}`)) } }]),
  ),
  requests('references', 'Bulk: 20,000 references to a refused operation', references, 1),
  requests('start', 'a page at the last startIndex', () => ({ path: queryOf({ startIndex: '2147483647' }) })),
  requests('start', 'a cursor of 4096 characters', () => ({ path: queryOf({ cursor: text(4096) }) })),
  requests('texts', 'POST: every text of its greatest length', () =>
    post({
      displayName: text(2048),
      title: text(2048),
      addresses: times(16, (i) => ({ type: `t${i}`, streetAddress: text(2048), locality: text(2048) })),
      [UNDECLARED]: { note: text(65_000) },
    }),
  ),
  schemas,
  memberFilter('2 × groups of a user in 10,000 groups', MANY_GROUPS, 1, ([user]) => {
    return `/Groups?filter=${encodeURIComponent(`members.value eq "${user}"`)}&count=1`;
  }),
  memberFilter('2 × users of a group of 50,000', 1, MANY, ([, group]) => {
    return `/Users?filter=${encodeURIComponent(`groups.value eq "${group}"`)}&count=1`;
  }),
  unfinished('bodies of an organization that never come', '/Users', 1000, false),
  unfinished('bodies of 5 MiB that never come', '/Users', MAX_BODY, false),
  unfinished('anonymous bodies that never come', '/login', 1000, true),
  anonymous('logout', 'Universal Logout tokens of 8 KB', {
    method: 'POST',
    path: '/login/global-token-revocation',
    body: json({ sub_id: { format: 'email', email: text(900) } }),
    type: 'application/json',
    authorization: `Bearer ${logoutToken}`,
  }),
  anonymous('logout', 'return_to of 2048 characters', { path: `/login?return_to=/${text(2047)}` }),
  anonymous('setup-links', 'secrets of no setup link', {
    path: '/setup/steps',
    cookie: `__Secure-setup-link=${text(43)}`,
  }),
  anonymous('health', 'readiness checks', { path: '/health/ready' }),
];
