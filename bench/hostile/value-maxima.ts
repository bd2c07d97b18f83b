/** The maxima of docs/limits.md for one value, one user, one filter and one form: requests that spend them fully. */
import { USER } from '../schemas.js';
import { BULK_REQUEST, json, type Load, times, UNDECLARED } from './target.js';

const WIDTH = 8;
const FORM_MS = 5000;
const MAX_FORM_BYTES = 16 * 1024;
const MAX_FILTER = 4096;

/** A load of `WIDTH` equal requests that change something, at the same time. */
const changes = (name: string, title: string, method: string, path: string, body: (id: string) => object): Load => ({
  name,
  title: `${WIDTH} × ${title}`,
  async prepare(target) {
    const tenant = await target.createTenant();
    const id = await target.createUser(tenant);
    const asked = { tenant, method, path: path.replace('{id}', id), body: json(body(id)) };
    return () => Promise.all(times(WIDTH, () => target.ask(asked)));
  },
});

const person = (more: object) => ({ schemas: [USER], userName: 'maxima@bench.example', ...more });
const emails = (count: number) => times(count, (i) => ({ value: `${i}@bench.example`, type: `t${i}` }));

/** A filter of the greatest length whose text no user has. */
const longFilter = () => {
  const start = 'title co "';
  return `${start}${'q'.repeat(MAX_FILTER - start.length - 1)}"`;
};
const nestedFilter = () => `${'not ('.repeat(19)}title pr${')'.repeat(19)}`;

/** A load of the same GETs, with a few users stored. */
const filters = (title: string, filter: string): Load => ({
  name: 'filters',
  title: `${WIDTH} × ${title}`,
  async prepare(target) {
    const tenant = await target.createTenant();
    await target.createUser(tenant);
    const path = `/Users?filter=${encodeURIComponent(filter)}`;
    return () => Promise.all(times(WIDTH, () => target.ask({ tenant, path })));
  },
});

const projection: Load = {
  name: 'names',
  title: `${WIDTH} × a page with 100 names in attributes`,
  async prepare(target) {
    const tenant = await target.createTenant();
    const users = times(50, (i) => ({ method: 'POST', path: '/Users', bulkId: `${i}`, data: personOf(i) }));
    await target.ask({
      tenant,
      method: 'POST',
      path: '/Bulk',
      body: json({ schemas: [BULK_REQUEST], Operations: users }),
    });
    const names = times(100, (i) => `${UNDECLARED}:a${i}`).join(',');
    const path = `/Users?count=200&attributes=${encodeURIComponent(names)}`;
    return () => Promise.all(times(WIDTH, () => target.ask({ tenant, path })));
  },
};

const personOf = (index: number) => person({ userName: `maxima${index}@bench.example`, emails: emails(100) });

const loginForms: Load = {
  name: 'forms',
  title: `login forms of ${MAX_FORM_BYTES} bytes, 32 at a time for ${FORM_MS / 1000} s`,
  async prepare(target) {
    const email = `email=${'a'.repeat(MAX_FORM_BYTES - 6)}`;
    const body = Buffer.from(email);
    return async () => {
      const end = Date.now() + FORM_MS;
      const post = async () => {
        while (Date.now() < end && !target.signal.aborted) {
          await target.ask({ method: 'POST', path: '/login', body, type: 'application/x-www-form-urlencoded' });
        }
      };
      await Promise.all(times(32, post));
    };
  },
};

const wrongTokens: Load = {
  name: 'tokens',
  title: 'unknown API tokens, 32 at a time for 5 s',
  async prepare(target) {
    const { organizationId } = await target.createTenant();
    return async () => {
      const end = Date.now() + FORM_MS;
      const guess = async (_: unknown, index: number) => {
        for (let i = 0; Date.now() < end && !target.signal.aborted; i++) {
          const secret = `00000000-0000-4000-8000-${(index * 1e9 + i).toString(16).padStart(12, '0')}`;
          await target.ask({ tenant: { organizationId, secret }, path: '/Users?count=1' });
        }
      };
      await Promise.all(times(32, (i) => i).map(guess));
      if (!target.has(429)) target.fault('no limit');
    };
  },
};

/** The loads of values, in the order in which they run. */
export const VALUE_MAXIMA: Load[] = [
  changes('user', 'PUT: a user of 1000 e-mail addresses', 'PUT', '/Users/{id}', () => person({ emails: emails(1000) })),
  changes('user', 'PUT: a user of 250 KiB', 'PUT', '/Users/{id}', () =>
    person({ photos: times(4, (i) => ({ value: `https://photos.example/${'p'.repeat(62_000)}`, type: `t${i}` })) }),
  ),
  changes('extension', 'PUT: 1000 attributes of an extension', 'PUT', '/Users/{id}', () =>
    person({ [UNDECLARED]: Object.fromEntries(times(1000, (i) => [`a${i}`, `value ${i}`])) }),
  ),
  filters(`a filter of ${MAX_FILTER} characters`, longFilter()),
  filters('a filter of 20 levels', nestedFilter()),
  projection,
  loginForms,
  wrongTokens,
];
