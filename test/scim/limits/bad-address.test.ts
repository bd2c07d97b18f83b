/** Hostile and broken addresses: each is refused in SCIM's form and fast, and harms no request after it. */
import { expect } from 'chai';
import { freshTenant, type Tenant } from '../../harness/organizations.js';
import { byFilter, createUser, expectRefusal, getUser, patchBody, rawRequest } from '../../harness/scim.js';
import { createGroup, groupsBy } from '../../harness/scim-groups.js';

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'prototype'];

describe('SCIM bad addresses', () => {
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

  const raw = (method: string, path: string) => rawRequest(tenant, method, path);

  it("names of JavaScript's own in a filter are 400 invalidFilter", async () => {
    for (const name of [...PROTOTYPE_NAMES, 'toString', '$where', '_id', 'organizationId']) {
      for (const filter of [
        `${name} eq "x"`,
        `${name}.value eq "x"`,
        `emails.${name} eq "x"`,
        `${name}[type eq "work"].value eq "x"`,
        `emails[${name} eq "work"].value eq "x"`,
        `emails[type eq "work"].${name} eq "x"`,
        `userName ${name} "x"`,
      ]) {
        await expectRefusal(() => tenant.scim('GET', byFilter(filter)), 400, 'invalidFilter');
      }
      const patch = patchBody({ op: 'replace', path: `emails[${name} eq "work"].value`, value: 'x' });
      await expectRefusal(() => tenant.scim('PATCH', `/Users/${user.id}`, patch), 400, 'invalidFilter');
    }
  });

  it('the same of groups, in filters and in paths', async () => {
    const group = await createGroup(tenant.scim, [user.id]);
    for (const name of [...PROTOTYPE_NAMES, 'toString', '$where', '_id', 'organizationId', 'groupId']) {
      for (const filter of [
        `${name} eq "x"`,
        `members.${name} eq "x"`,
        `members[${name} eq "x"]`,
        `${name}[value eq "x"]`,
      ]) {
        await expectRefusal(() => tenant.scim('GET', groupsBy(filter)), 400, 'invalidFilter');
      }
      const patch = patchBody({ op: 'remove', path: `members[${name} eq "x"]` });
      await expectRefusal(() => tenant.scim('PATCH', `/Groups/${group.id}`, patch), 400, 'invalidFilter');
      const path = patchBody({ op: 'remove', path: `${name}[value eq "x"]` });
      await expectRefusal(() => tenant.scim('PATCH', `/Groups/${group.id}`, path), 400, 'invalidPath');
    }
    for (const id of ['a/b', 'a%2Fb', '%00', `${group.id}%00`, '..', '%2e%2e', 'x'.repeat(10_240), '$ne', '[$ne]']) {
      await expectRefusal(() => raw('GET', `/Groups/${id}`), 404);
      await expectRefusal(() => raw('DELETE', `/Groups/${id}`), 404);
    }
    await expectRefusal(() => raw('GET', '/Groups/%zz'), 400, 'invalidSyntax');
    expect((await tenant.scim('DELETE', `/Groups/${group.id}`)).status).to.equal(204);
  });

  it('an id with a slash, a zero byte, dots or 10 kB in it is 404 for every verb', async () => {
    const ids = [
      'a/b',
      'a%2Fb',
      '%2F',
      '%00',
      `${user.id}%00`,
      '%00%00%00',
      '..',
      '.',
      '%2e%2e',
      '%252e',
      'x'.repeat(10_240),
    ];
    ids.push(
      `${user.id}/`.repeat(2),
      `${user.id}%20`,
      `%20${user.id}`,
      `${user.id}%0a`,
      '$ne',
      '[$ne]',
      '%7B%22$ne%22:null%7D',
    );
    for (const id of ids) {
      const answer = await expectRefusal(() => raw('GET', `/Users/${id}`), 404);
      expect(answer.text).not.to.include(user.id);
      await expectRefusal(() => raw('DELETE', `/Users/${id}`), 404);
    }
    const patch = patchBody({ op: 'replace', value: { active: false } });
    for (const id of ['a%2Fb', '%00', `${user.id}%00`, 'x'.repeat(10_240)]) {
      await expectRefusal(() => tenant.scim('PATCH', `/Users/${id}`, patch), 404);
      await expectRefusal(() => tenant.scim('PUT', `/Users/${id}`, { ...user }), 404);
    }
  });

  it('an address or a header that is too long is 431', async () => {
    await expectRefusal(() => raw('GET', `/Users/${'x'.repeat(20_000)}`), 431);
    await expectRefusal(() => tenant.scim('GET', '/Users', undefined, { 'X-Long': 'x'.repeat(20_000) }), 431);
  });

  it('a broken percent-escape is 400, in the path and in a filter', async () => {
    for (const id of ['%', '%zz', '%e0%a4%a', '%ed%a0%80', '%c0%af', '%ff']) {
      await expectRefusal(() => raw('GET', `/Users/${id}`), 400, 'invalidSyntax');
    }
    for (const filter of ['%', '%zz', 'userName+eq+%22%', 'userName%20eq%20%ff']) {
      await expectRefusal(() => raw('GET', `/Users?filter=${filter}`), 400, 'invalidFilter');
    }
  });

  it('a parameter given twice is 400; an unknown one is ignored', async () => {
    const filter = `filter=userName+eq+%22${encodeURIComponent(user.userName)}%22`;
    await expectRefusal(() => tenant.scim('GET', `/Users?${filter}&${filter}`), 400, 'invalidFilter');
    for (const query of ['startIndex=1&startIndex=2', 'count=1&count=1']) {
      await expectRefusal(() => tenant.scim('GET', `/Users?${query}`), 400, 'invalidValue');
    }
    const { body } = await tenant.scim(
      'GET',
      `/Users?${filter}&nosuch=1&nosuch=2&__proto__=x&constructor=y&aadOptscim062020`,
    );
    expect(body.Resources).to.deep.equal([user]);
  });

  it('a filter that is too long, has too many terms or is made to take time is 400 invalidFilter', async () => {
    const term = 'userName eq "x"';
    const filters = [
      `userName eq "${'x'.repeat(5000)}"`,
      `userName eq "${'\\'.repeat(3001)}`,
      Array(60).fill(term).join(' and '),
      '('.repeat(3000),
      `${'not ('.repeat(500)}${term}${')'.repeat(500)}`,
      '['.repeat(3000),
      `userName${' '.repeat(3900)}x`,
      `userName eq ${'"" '.repeat(1000)}`,
    ];
    for (const filter of filters) {
      await expectRefusal(
        () => tenant.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`),
        400,
        'invalidFilter',
      );
    }
    const path = `emails[${Array(200).fill('type eq "x"').join(' and ')}]`;
    const patch = patchBody({ op: 'remove', path });
    await expectRefusal(() => tenant.scim('PATCH', `/Users/${user.id}`, patch), 400, 'invalidPath');
  });

  it('methods of other protocols are refused', async () => {
    for (const method of ['PROPFIND', 'MKCOL', 'TRACE', 'PURGE', 'LOCK', 'M-SEARCH', 'QUERY']) {
      await expectRefusal(() => raw(method, '/Users'), 405);
      await expectRefusal(() => raw(method, `/Users/${user.id}`), 405);
    }
    await expectRefusal(() => raw('FOO', '/Users'), 400, 'invalidSyntax');
  });
});
