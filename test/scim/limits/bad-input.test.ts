/** Hostile and broken bodies: each is refused in SCIM's form and fast, and harms no request after it. */
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import {
  ACME_USER,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  expectRefusal,
  getUser,
  oktaUser,
  patchBody,
  rawRequest,
  uniqueName,
} from '../../harness/scim.js';
import { createGroup, getGroup, oktaGroup } from '../../harness/scim-groups.js';

const LIMIT = 5 * 1024 * 1024;
const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];

describe('SCIM bad input', () => {
  let tenant: Tenant;
  // biome-ignore lint/suspicious/noExplicitAny: a user is whatever JSON came
  let user: any;

  beforeEach(async () => {
    tenant = await freshTenant();
    user = await createUser(tenant.scim);
  });
  afterEach('the next request works and the user is as before', async function () {
    if (!this.currentTest?.isPassed()) return;
    expect(await getUser(tenant.scim, user.id)).to.deep.equal(user);
    expect((await tenant.scim('GET', '/Users?startIndex=1&count=2')).status).to.equal(200);
  });

  const post =
    (text: string, headers = {}) =>
    () =>
      tenant.scim('POST', '/Users', text, headers);
  const withMember = (member: string) => `${JSON.stringify(oktaUser(uniqueName())).slice(0, -1)},${member}}`;
  const raw = (method: string, path: string, headers = {}, body?: string | Buffer) =>
    rawRequest(tenant, method, path, headers, body);

  it('malformed JSON is 400 invalidSyntax', async () => {
    for (const text of [
      '{',
      '{"userName":"x"',
      '{"userName":x}',
      'userName=x',
      '<user/>',
      '\ufeff\ufeff{}',
      '{"a":"\\x"}',
    ]) {
      await expectRefusal(post(text), 400, 'invalidSyntax');
    }
  });

  it('text that is no valid Unicode is 400 invalidSyntax', async () => {
    await expectRefusal(post(withMember('"title":"\\ud800"')), 400, 'invalidSyntax');
    await expectRefusal(post(withMember(`"${ACME_USER}":{"a":{"b":["\\udc00x"]}}`)), 400, 'invalidSyntax');
  });

  it('a body of 5 MiB is read; one byte more is 413, in whichever way it is sent', async function () {
    this.timeout(30_000);
    const padded = (bytes: number) => JSON.stringify(oktaUser(uniqueName())).padEnd(bytes);
    expect((await post(padded(LIMIT))()).status).to.equal(201);
    await expectRefusal(post(padded(LIMIT + 1)), 413);
    const chunked = { 'transfer-encoding': 'chunked' };
    await expectRefusal(() => raw('POST', '/Users', chunked, padded(LIMIT + 1)), 413);
    const bomb = gzipSync(padded(20 * LIMIT));
    expect(bomb.length).to.be.below(LIMIT / 10);
    await expectRefusal(() => raw('POST', '/Users', { 'content-encoding': 'gzip' }, bomb), 413);
  });

  it('a body that is not packed as it says is 400', async () => {
    await expectRefusal(post(JSON.stringify(oktaUser('x')), { 'Content-Encoding': 'gzip' }), 400, 'invalidSyntax');
  });

  it('nesting of 100 levels and more is 400 invalidSyntax, wherever it is', async () => {
    const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const levels of [100, 100_000]) {
      for (const name of ['favouriteColour', 'name', ACME_USER, 'emails']) {
        await expectRefusal(post(withMember(`"${name}":${nested(levels)}`)), 400, 'invalidSyntax');
      }
      await expectRefusal(post(withMember(`"x":${'['.repeat(levels)}${']'.repeat(levels)}`)), 400, 'invalidSyntax');
      const patch = `{"schemas":["${patchBody().schemas[0]}"],"Operations":[{"op":"add","value":${nested(levels)}}]}`;
      await expectRefusal(() => tenant.scim('PATCH', `/Users/${user.id}`, patch), 400, 'invalidSyntax');
    }
  });

  it('database operators as values are 400 invalidValue, as names they are ignored', async () => {
    const operators = [{ $ne: null }, { $gt: '' }, { $regex: '.*' }, { $where: 'sleep(1000)' }];
    for (const operator of operators) {
      await expectRefusal(
        () => tenant.scim('POST', '/Users', oktaUser('', { userName: operator })),
        400,
        'invalidValue',
      );
      await expectRefusal(
        () => tenant.scim('PUT', `/Users/${user.id}`, { ...user, userName: operator }),
        400,
        'invalidValue',
      );
      for (const [path, value] of [
        ['userName', operator],
        ['externalId', operator],
        ['emails[type eq "work"].value', operator],
      ]) {
        const patch = patchBody({ op: 'replace', path, value });
        await expectRefusal(() => tenant.scim('PATCH', `/Users/${user.id}`, patch), 400, 'invalidValue');
      }
    }
    const other = await createUser(tenant.scim, { $set: { active: false }, 'name.givenName': 'Eve', $where: '1' });
    expect(other).to.deep.include({ active: true, name: user.name }).and.not.have.any.keys('$set', '$where');
  });

  it("names of JavaScript's own in a body are 400 invalidSyntax, at the top and below", async () => {
    for (const name of PROTOTYPE_NAMES) {
      const member = `"${name}":{"active":false,"admin":true}`;
      const bodies = [member, `"name":{${member}}`, `"emails":[{"value":"x",${member}}]`, `"x":[[{${member}}]]`];
      bodies.push(`"${ENTERPRISE_USER}":{${member}}`, `"${ACME_USER}":{${member}}`, `"${ACME_USER}":{"a":{${member}}}`);
      for (const body of bodies) await expectRefusal(post(withMember(body)), 400, 'invalidSyntax');
      const patch = `{"schemas":["${patchBody().schemas[0]}"],"Operations":[{"op":"add","value":{${member}}}]}`;
      await expectRefusal(() => tenant.scim('PATCH', `/Users/${user.id}`, patch), 400, 'invalidSyntax');
    }
    expect(({} as Record<string, unknown>).admin).to.equal(undefined);
  });

  it("names of JavaScript's own in a path or in a dotted key are 400 invalidPath", async () => {
    const accepted: string[] = [];
    for (const name of [...PROTOTYPE_NAMES, 'toString', 'hasOwnProperty']) {
      const paths = [name, `${name}.admin`, `${name}.${name}`, `name.${name}`, `name.${name}.admin`, `emails.${name}`];
      paths.push(`emails[type eq "work"].${name}`, `${name}[type eq "work"]`, `${name}[type eq "work"].value`);
      paths.push(`${CORE_USER}:${name}`, `${ENTERPRISE_USER}:${name}`, `${ENTERPRISE_USER}:manager.${name}`);
      if (PROTOTYPE_NAMES.includes(name)) paths.push(`${ACME_USER}:${name}`);
      for (const path of paths) {
        for (const operation of [
          { op: 'add', path, value: 'x' },
          { op: 'replace', path, value: { admin: true } },
          { op: 'remove', path },
          ...(path === name ? [] : [{ op: 'add', value: { [path]: 'x' } }]),
        ]) {
          const answer = await tenant.scim('PATCH', `/Users/${user.id}`, patchBody(operation));
          if (answer.status === 400) expectError(answer, 400, 'invalidPath');
          else accepted.push(JSON.stringify(operation));
        }
      }
    }
    expect(accepted).to.deep.equal([]);
  });

  it('broken bodies of groups, and ids of members that are none, are 400, and the group is as before', async () => {
    const group = await createGroup(tenant.scim, [user.id]);
    const send = (method: string, body: unknown) => () =>
      tenant.scim(method, method === 'POST' ? '/Groups' : `/Groups/${group.id}`, body);
    for (const [value, scimType] of [
      [[{ value: { $ne: null } }], 'invalidValue'],
      [[{ value: [user.id] }], 'invalidValue'],
      [[{ value: true }], 'invalidValue'],
      [[[user.id]], 'invalidValue'],
      [[{ value: '$ne' }], 'invalidValue'],
      [[{ value: '\u0000' }], 'invalidValue'],
      [[{ value: 'x'.repeat(100_000) }], 'invalidValue'],
      [Array.from({ length: 20_000 }, (_, index) => `nobody${index}`), 'invalidValue'],
      [Array.from({ length: 100_001 }, () => 'x'), 'invalidValue'],
      [7, 'invalidValue'],
      [JSON.parse('[{"value":"x","__proto__":{"type":"User"}}]'), 'invalidSyntax'],
    ] as const) {
      await expectRefusal(send('POST', oktaGroup('Bad', [], { members: value })), 400, scimType);
      await expectRefusal(send('PUT', { ...group, members: value }), 400, scimType);
      await expectRefusal(send('PATCH', patchBody({ op: 'add', path: 'members', value })), 400, scimType);
      await expectRefusal(send('PATCH', patchBody({ op: 'replace', value: { members: value } })), 400, scimType);
    }
    for (const text of ['{', '[]', '"x"', '{"schemas":[]}', '']) {
      for (const method of ['POST', 'PUT', 'PATCH']) await expectRefusal(send(method, text), 400, 'invalidSyntax');
    }
    const operations = Array.from({ length: 1101 }, () => ({ op: 'add', path: 'members', value: [user.id] }));
    await expectRefusal(send('PATCH', patchBody(...operations)), 400, 'invalidSyntax');
    expect(await getGroup(tenant.scim, group.id)).to.deep.equal(group);
    expect((await tenant.scim('DELETE', `/Groups/${group.id}`)).status).to.equal(204);
  });

  it('values and lists that are too long, and too many operations, are 400', async () => {
    const tooMany = Array.from({ length: 1001 }, (_, i) => ({ value: `a${i}@acme.example` }));
    const large = 'x'.repeat(300_000);
    for (const wrong of [{ userName: large }, { title: large }, { emails: tooMany }, { [ACME_USER]: { a: large } }]) {
      await expectRefusal(() => tenant.scim('POST', '/Users', oktaUser(uniqueName(), wrong)), 400, 'invalidValue');
    }
    const operations = Array.from({ length: 1001 }, () => ({ op: 'replace', path: 'title', value: 'x' }));
    await expectRefusal(
      () => tenant.scim('PATCH', `/Users/${user.id}`, patchBody(...operations)),
      400,
      'invalidSyntax',
    );
  });
});
