/** Deactivating, reactivating and deleting users. Numbers are those of the product's acceptance list. */
import { expect } from 'chai';
import { freshTenant } from '../../harness/organizations.js';
import {
  byUserName,
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  type Scim,
} from '../../harness/scim.js';

// biome-ignore lint/suspicious/noExplicitAny: a user is whatever JSON came
type User = any;
type SetActive = (scim: Scim, user: User, active: boolean) => Promise<User>;

const word = (active: boolean) => (active ? 'True' : 'False');
const FORMS: [form: string, set: SetActive][] = [
  [
    "a PATCH without path, as Okta's catalogue apps do",
    (scim, { id }, active) => patchUser(scim, id, { op: 'replace', value: { active } }),
  ],
  [
    "a PUT of the user read before, as Okta's wizard apps do",
    (scim, user, active) => putUser(scim, user.id, { ...user, active }),
  ],
  [
    'a PATCH with path',
    (scim, { id }, active) => patchUser(scim, id, { op: 'replace', path: 'active', value: active }),
  ],
  ['an "add" in a PATCH', (scim, { id }, active) => patchUser(scim, id, { op: 'add', value: { active } })],
  [
    'a PATCH in Entra\'s spelling: "Replace", path, "False"',
    (scim, { id }, active) => patchUser(scim, id, { op: 'Replace', path: 'active', value: word(active) }),
  ],
  [
    'a PATCH without path of "False"',
    (scim, { id }, active) => patchUser(scim, id, { op: 'Replace', value: { active: word(active) } }),
  ],
];

describe('SCIM lifecycle', () => {
  for (const [form, setActive] of FORMS) {
    it(`B16: ${form} deactivates and is answered 200 with active false`, async () => {
      const { scim } = await freshTenant();
      const user = await createUser(scim);
      const after = await setActive(scim, user, false);
      const { lastModified, version } = after.meta;
      expect(after).to.deep.equal({ ...user, active: false, meta: { ...user.meta, lastModified, version } });
    });

    it(`B18: ${form} reactivates; id and attributes are as before`, async () => {
      const { scim } = await freshTenant();
      const user = await createUser(scim);
      await patchUser(scim, user.id, { op: 'replace', value: { active: false } });
      const inactive = await getUser(scim, user.id);
      expect(inactive.active).to.equal(false);
      const after = await setActive(scim, inactive, true);
      const { lastModified, version } = after.meta;
      expect(after).to.deep.equal({ ...user, meta: { ...user.meta, lastModified, version } });
    });
  }

  it('B16: deactivating the inactive and activating the active succeeds and is no change', async () => {
    const { scim } = await freshTenant();
    for (const active of [false, true]) {
      const user = await createUser(scim, { active });
      for (const [, setActive] of FORMS) expect(await setActive(scim, user, active)).to.deep.equal(user);
    }
  });

  it('B17: a deactivated user is read by id, found by userName and listed', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim);
    await patchUser(scim, id, { op: 'replace', value: { active: false } });
    expect(await getUser(scim, id)).to.include({ id, userName, active: false });
    const { body: found } = await scim('GET', byUserName(userName));
    expect(found.totalResults).to.equal(1);
    expect(found.Resources[0]).to.include({ id, active: false });
    const { body: all } = await scim('GET', '/Users?startIndex=1&count=1');
    const { body: last } = await scim('GET', `/Users?startIndex=${all.totalResults}&count=1`);
    expect(last.Resources[0]).to.include({ id, active: false });
  });

  it('B17: a deactivated user stays so through profile updates by PATCH and PUT', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, { active: false });
    expect(await patchUser(scim, id, { op: 'replace', value: { title: 'Guide' } })).to.include({ active: false });
    const { active: _, ...body } = oktaUser(userName);
    expect(await putUser(scim, id, body)).to.include({ active: false });
  });

  it('a deleted user is gone: 204, then 404 for every verb and in no list; the userName is free', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim);
    const deleted = await scim('DELETE', `/Users/${id}`);
    expect([deleted.status, deleted.text]).to.deep.equal([204, '']);
    expectError(await scim('GET', `/Users/${id}`), 404);
    expectError(await scim('PUT', `/Users/${id}`, oktaUser(userName)), 404);
    expectError(await scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: true } })), 404);
    expectError(await scim('DELETE', `/Users/${id}`), 404);
    expect((await scim('GET', byUserName(userName))).body.totalResults).to.equal(0);
    const again = await scim('POST', '/Users', oktaUser(userName));
    expect(again.status).to.equal(201);
    expect(again.body.id).not.to.equal(id);
  });
});
