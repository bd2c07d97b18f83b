/** Versions of users and conditions on them (RFC 7644 section 3.14). */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { createUser, expectError, getUser, oktaUser, patchBody, uniqueName } from '../../harness/scim.js';

const title = (value: string) => patchBody({ op: 'replace', path: 'title', value });

describe('SCIM versions', () => {
  let tenant: Tenant;
  let id: string;
  beforeEach(async () => {
    tenant = await freshTenant();
    ({ id } = await createUser(tenant.scim));
  });
  const send = (method: string, headers: Record<string, string>, body?: unknown) =>
    tenant.scim(method, `/Users/${id}`, body, headers);

  it('a user has a weak version, the same in ETag and in meta.version, in lists too', async () => {
    const created = await tenant.scim('POST', '/Users', oktaUser(uniqueName()));
    for (const answer of [created, await send('GET', {}), await send('PATCH', {}, title('a'))]) {
      expect(answer.headers.get('etag')).to.match(/^W\/"\d+"$/);
      expect(answer.body.meta.version).to.equal(answer.headers.get('etag'));
    }
    const { body } = await tenant.scim('GET', '/Users');
    for (const user of body.Resources) expect(user.meta.version).to.match(/^W\/"\d+"$/);
  });

  it('a change makes another version; a change of nothing keeps version and lastModified', async () => {
    const before = await getUser(tenant.scim, id);
    const changed = (await send('PATCH', {}, title('a'))).body;
    expect(changed.meta.version).not.to.equal(before.meta.version);
    const same = (await send('PATCH', {}, title('a'))).body;
    expect(same.meta).to.deep.equal(changed.meta);
    expect((await send('PUT', {}, changed)).body.meta).to.deep.equal(changed.meta);
  });

  it('If-None-Match of the present version, or of any, makes a GET 304 without a body', async () => {
    const { version } = (await getUser(tenant.scim, id)).meta;
    for (const tag of [version, '*', `W/"0", ${version}`, version.slice(2)]) {
      const answer = await send('GET', { 'if-none-match': tag });
      expect([answer.status, answer.text, answer.headers.get('etag')], tag).to.deep.equal([304, '', version]);
    }
    expect((await send('GET', { 'if-none-match': 'W/"0"' })).status).to.equal(200);
  });

  it('If-Match of another version makes PUT, PATCH and DELETE 412, and nothing is written', async () => {
    const before = await getUser(tenant.scim, id);
    for (const tag of ['W/"0"', '"0"', 'W/"other"', 'W/"0", W/"00"']) {
      for (const [method, body] of [
        ['PUT', before],
        ['PATCH', title('x')],
        ['DELETE', undefined],
      ] as const) {
        expectError(await send(method, { 'if-match': tag }, body), 412);
      }
    }
    expectError(
      await send('PATCH', { 'if-match': 'W/"0"' }, patchBody({ op: 'replace', value: { password: 'x' } })),
      412,
    );
    expect(await getUser(tenant.scim, id)).to.deep.equal(before);
  });

  it('If-Match of the present version, one of several, or any, lets a change through', async () => {
    for (const [index, tagOf] of [
      (v: string) => v,
      (v: string) => v.slice(2),
      (v: string) => `W/"0",${v}`,
      () => '*',
    ].entries()) {
      const { version } = (await getUser(tenant.scim, id)).meta;
      expect((await send('PATCH', { 'if-match': tagOf(version) }, title(`t${index}`))).status).to.equal(200);
    }
    const { version } = (await getUser(tenant.scim, id)).meta;
    expect((await send('DELETE', { 'if-match': version })).status).to.equal(204);
  });

  it('If-None-Match on a change is 412 where it names the present version, or any', async () => {
    const { version } = (await getUser(tenant.scim, id)).meta;
    for (const tag of [version, '*']) expectError(await send('PATCH', { 'if-none-match': tag }, title('x')), 412);
    expect((await send('PATCH', { 'if-none-match': 'W/"0"' }, title('x'))).status).to.equal(200);
  });

  it('a malformed precondition is 400', async () => {
    for (const tag of ['7', 'W/7', 'W/"1', '', 'W/"1" W/"2"', `"${'x'.repeat(200)}"`]) {
      expectError(await send('PATCH', { 'if-match': tag }, title('x')), 400, 'invalidSyntax');
    }
  });

  it('a condition on a user who does not exist is 404', async () => {
    for (const headers of [{ 'if-match': 'W/"1"' }, { 'if-match': '*' }, { 'if-none-match': '*' }]) {
      expectError(await tenant.scim('PATCH', '/Users/nobody', title('x'), headers), 404);
    }
  });

  it('of 50 holders of one version exactly one writes, the others are 412', async () => {
    const { version } = (await getUser(tenant.scim, id)).meta;
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const one = index % 2 === 0 ? version : `W/"0", ${version}`;
        return (await send('PATCH', { 'if-match': one }, title(`from ${index}`))).status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).to.have.length(1);
    expect(statuses.filter((status) => status === 412)).to.have.length(49);
  });
});
