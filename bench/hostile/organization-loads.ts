/** Loads of one organization with the default rate limit. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PATCH_OP, USER } from '../schemas.js';
import type { Tenant } from '../world.js';
import { seed } from './seed.js';
import { asAdmin, BULK_REQUEST, json, type Load, type Target, times, UNDECLARED } from './target.js';

/** Nearly the largest body. */
const LARGE_TEXT = 4_900_000;
const TRIES = 20;

const patch = (Operations: object[]) => json({ schemas: [PATCH_OP], Operations });
const bulk = (Operations: object[]) => json({ schemas: [BULK_REQUEST], Operations });

/** Sends `count` requests, `width` at a time, each again after a second while the answer is 429 or 503. */
async function sendAll(target: Target, count: number, width: number, send: (index: number) => Promise<number>) {
  let next = 0;
  const worker = async () => {
    while (next < count && !target.signal.aborted) {
      const index = next++;
      for (let tries = 0; tries < TRIES && !target.signal.aborted; tries++) {
        const status = await send(index);
        if (status !== 429 && status !== 503) break;
        await sleep(1000, undefined, { signal: target.signal }).catch(() => undefined);
      }
    }
  };
  await Promise.all(times(width, worker));
}

/** `operations` add of `numbers` different numbers to one list of an undeclared extension. */
const growingList = (operations: number, numbers: number): Load => ({
  name: 'A',
  title: `PATCH: ${operations} × add of ${numbers} numbers to one list`,
  async prepare(target) {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const path = `${UNDECLARED}:list`;
    const operation = (index: number) => ({ op: 'add', path, value: times(numbers, (i) => index * numbers + i) });
    const body = patch(times(operations, operation));
    return () => target.ask({ tenant, method: 'PATCH', path: `/Users/${id}`, body });
  },
});

const longPaths: Load = {
  name: 'B',
  title: '24 Bulk requests: DELETE /Users/ + 4.9 MB',
  leastSeconds: 10,
  async prepare(target) {
    const tenant = await target.createTenant();
    const body = bulk([{ method: 'DELETE', path: `/Users/${'z'.repeat(LARGE_TEXT)}` }]);
    return async () => {
      await sendAll(target, 24, 3, () => target.ask({ tenant, method: 'POST', path: '/Bulk', body }));
      await sleep(2000);
      await countActivities(target, tenant);
    };
  },
};

const longIds: Load = {
  name: 'C',
  title: '8 Bulk with 4.9 MB user id, 8 POST with 1 MB attribute name',
  leastSeconds: 8,
  async prepare(target) {
    const tenant = await target.createTenant();
    const long = bulk([{ method: 'DELETE', path: `/Users/${'1'.repeat(LARGE_TEXT)}` }]);
    const extension = { [`${'n'.repeat(1_000_000)} `]: 1 };
    const named = json({ schemas: [USER], userName: 'long@bench.example', [UNDECLARED]: extension });
    return async () => {
      await sendAll(target, 16, 2, async (index) => {
        // One after the other, so that each batch of activities is small enough to be stored.
        await sleep(300);
        const what = index % 2 === 0 ? { path: '/Bulk', body: long } : { path: '/Users', body: named };
        return await target.ask({ tenant, method: 'POST', ...what });
      });
      await sleep(2000);
      await countActivities(target, tenant);
    };
  },
};

/** Whether the log of the organization can be read, and how many entries of the load it has. */
async function countActivities({ address, count, fault }: Target, { organizationId }: Tenant): Promise<void> {
  try {
    const request = { organizationId, since: undefined, until: undefined, pageSize: 1000 };
    const { activities } = await asAdmin(address, (admin) => admin.listActivities(request));
    count(`log of ${activities.length}`);
  } catch {
    fault('log unreadable');
  }
}

const manyAttributes: Load = {
  name: 'D',
  title: 'PATCH: one replace with 600 URNs × 1000 attributes',
  async prepare(target) {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const attributes = Object.fromEntries(times(1000, (i) => [`a${i.toString(36)}`, 1]));
    const value = Object.fromEntries(times(600, (i) => [`urn:example:h${i}:1.0:User`, attributes]));
    const body = patch([{ op: 'replace', value }]);
    return () => target.ask({ tenant, method: 'PATCH', path: `/Users/${id}`, body });
  },
};

const manyReferences: Load = {
  name: 'E',
  title: 'Bulk: 1000 operations × 440 references, each to the next',
  async prepare(target) {
    const tenant = await target.createTenant();
    const refused = { method: 'POST', path: '/Users', bulkId: 'f', data: {} };
    const toRefused = times(439, () => 'bulkId:f');
    const operation = (index: number) => ({
      method: 'POST',
      path: '/Users',
      bulkId: String(index),
      data: { m: [...toRefused, index === 998 ? 'bulkId:f' : `bulkId:${index + 1}`] },
    });
    const body = bulk([...times(999, operation), refused]);
    return () => target.ask({ tenant, method: 'POST', path: '/Bulk', body });
  },
};

const longTexts: Load = {
  name: 'F',
  title: 'PATCH: 900 operations, 48-term value filters, 60,000-character texts',
  async prepare(target) {
    const tenant = await target.createTenant();
    const photos = times(3, (i) => ({ value: `https://photos.example/${i}/${'p'.repeat(60_000)}`, type: `t${i}` }));
    const id = await target.createUser(tenant, { photos });
    const terms = [...times(47, (i) => `value gt "z${i}"`), 'value gt "a"'].join(' or ');
    const operation = (index: number) => ({ op: 'replace', path: `photos[${terms}].display`, value: `${index}` });
    const body = patch(times(900, operation));
    return () => target.ask({ tenant, method: 'PATCH', path: `/Users/${id}`, body });
  },
};

const unknownNames: Load = {
  name: 'G',
  title: 'POST: 400,000 unknown names',
  async prepare(target) {
    const tenant = await target.createTenant();
    const names = Object.fromEntries(times(400_000, (i) => [`u${i.toString(36)}`, 1]));
    const body = json({ schemas: [USER], userName: 'names@bench.example', ...names });
    return () => target.ask({ tenant, method: 'POST', path: '/Users', body });
  },
};

const manyGroups: Load = {
  name: 'H',
  title: '4 pages of 200 users in 1000 groups each',
  async prepare(target) {
    const tenant = await target.createTenant();
    const group = (index: number) => ({ displayName: `${index} `.padEnd(256, 'ж') });
    await seed(target.mongodbUri, tenant.organizationId, { users: 200, groups: 1000, group, members: 200 });
    return async () => {
      await Promise.all(times(4, () => target.ask({ tenant, path: '/Users?startIndex=1&count=200' })));
      if (!target.has(200)) target.fault('page unsendable');
    };
  },
};

const valueFilters: Load = {
  name: '4',
  title: '8 PATCHes at a time: 1000 operations with value filters',
  async prepare(target) {
    const tenant = await target.createTenant();
    const emails = times(10, (i) => ({ value: `ana${i}@bench.example`, type: `t${i}` }));
    const id = await target.createUser(tenant, { emails });
    const terms = [...times(47, (i) => `type eq "x${i}"`), 'type eq "t9"'].join(' or ');
    const body = patch(times(1000, (i) => ({ op: 'replace', path: `emails[${terms}].display`, value: `${i}` })));
    return () => Promise.all(times(8, () => target.ask({ tenant, method: 'PATCH', path: `/Users/${id}`, body })));
  },
};

/** The loads of an organization, in the order in which they run. */
export const ORGANIZATION_LOADS: Load[] = [
  growingList(300, 800),
  growingList(500, 800),
  growingList(1000, 700),
  longPaths,
  longIds,
  manyAttributes,
  manyReferences,
  longTexts,
  unknownNames,
  manyGroups,
  valueFilters,
];
