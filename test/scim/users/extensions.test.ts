/** Attributes of extensions under PATCH (RFC 7644 section 3.5.2), filters and projection, declared or not. */
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { parseSchema } from '../../../proto/schema-file.js';
import { freshTenant, needsOwnPair, sharedPair } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  byFilter,
  CORE_USER,
  createUser,
  ENTERPRISE_USER,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  type Scim,
  uniqueName,
} from '../../harness/scim.js';

/** URNs in use, most of which do not end in a version and a name. */
const URNS = [
  'urn:ietf:params:scim:schemas:extension:acme:2.0:User',
  'urn:ietf:params:scim:schemas:extension:acme:User',
  'urn:ietf:params:scim:schemas:extension:acme:v2:User',
  'urn:ietf:params:scim:schemas:custom:Space',
  'urn:ietf:params:scim:schemas:oracle:idcs:extension:user:User',
  'urn:scim:schemas:extension:atlassian-external:1.0',
  'urn:scim:schemas:extension:slack:guest:1.0',
  'urn:okta:acme_app:1.0:user:custom',
  'urn:scim:wso2:schema',
  'urn:example:schemas:MyExtension',
  'urn:acme:ext.user',
  'urn:acme:1.0.0',
  'urn:acme:x',
];
const OAK = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
const FREE = 'urn:ietf:params:scim:schemas:extension:free:2.0:User';

describe('SCIM extension URNs', () => {
  for (const urn of URNS) {
    describe(urn, () => {
      let scim: Scim;
      let id: string;
      const shown = async () => (await getUser(scim, id))[urn];
      beforeEach(async () => {
        ({ scim } = await freshTenant());
        ({ id } = await createUser(scim, { [urn]: { custom1: 'v', other: 'o', obj: { a: 1, b: 2 } } }));
      });

      it('PATCH adds, replaces and removes an attribute by its path', async () => {
        await patchUser(scim, id, { op: 'replace', path: `${urn}:custom1`, value: 'n' });
        await patchUser(scim, id, { op: 'add', path: `${urn}:more`, value: ['x'] });
        await patchUser(scim, id, { op: 'remove', path: `${urn}:other` });
        await patchUser(scim, id, { op: 'replace', path: `${urn}:obj`, value: { a: 9 } });
        await patchUser(scim, id, { op: 'remove', path: `${urn}:obj.b` });
        expect(await shown()).to.deep.equal({ custom1: 'n', obj: { a: 9 }, more: ['x'] });
      });

      it('PATCH adds and replaces attributes by keys of an object', async () => {
        await patchUser(scim, id, { op: 'replace', value: { [`${urn}:custom1`]: 'n', [`${urn}:obj`]: { a: 9 } } });
        await patchUser(scim, id, { op: 'add', value: { [urn]: { more: 'x' }, [`${urn}:OTHER`]: 'p' } });
        await patchUser(scim, id, { op: 'add', value: { [`${urn}:obj.b`]: 3 } });
        expect(await shown()).to.deep.equal({ custom1: 'n', other: 'p', obj: { a: 9, b: 3 }, more: 'x' });
      });

      it('PATCH changes and removes the extension as a whole', async () => {
        await patchUser(scim, id, { op: 'replace', path: urn, value: { custom1: 'n', obj: { b: 5 } } });
        expect(await shown()).to.deep.equal({ custom1: 'n', other: 'o', obj: { a: 1, b: 5 } });
        await patchUser(scim, id, { op: 'remove', path: urn });
        const user = await getUser(scim, id);
        expect(user).to.not.have.property(urn);
        expect(user.schemas).to.deep.equal([CORE_USER]);
        await patchUser(scim, id, { op: 'add', path: `${urn}:custom1`, value: 'back' });
        expect(await shown()).to.deep.equal({ custom1: 'back' });
      });

      it('filters and projections name its attributes', async function () {
        needsOwnPair(this);
        await createUser(scim, { [urn]: { custom1: 'w' } });
        for (const filter of [
          `${urn}:custom1 eq "V"`,
          `${urn}:custom1 sw "v"`,
          `${urn}:obj.a ge 1`,
          `${urn}:other pr`,
        ]) {
          const { body } = await scim('GET', byFilter(filter));
          expect(
            body.Resources?.map((user: { id: string }) => user.id),
            filter,
          ).to.deep.equal([id]);
        }
        for (const filter of [`${urn} pr`, `schemas eq "${urn}"`, `schemas eq "${urn.toUpperCase()}"`]) {
          expect((await scim('GET', byFilter(filter))).body.totalResults, filter).to.equal(2);
        }
        expect((await scim('GET', byFilter(`schemas ne "${urn}"`))).body.totalResults).to.equal(0);
        expect((await scim('GET', byFilter(`schemas eq "${urn}:custom1"`))).body.totalResults).to.equal(0);
        expect(
          (await scim('GET', `/Groups?filter=${encodeURIComponent(`schemas eq "${urn}"`)}`)).body.totalResults,
        ).to.equal(0);
        const named = await scim('GET', `/Users/${id}?attributes=${encodeURIComponent(`${urn}:custom1,${urn}:obj.b`)}`);
        expect(named.body[urn]).to.deep.equal({ custom1: 'v', obj: { b: 2 } });
        const rest = await scim('GET', `/Users/${id}?excludedAttributes=${encodeURIComponent(`${urn}:obj`)}`);
        expect(rest.body[urn]).to.deep.equal({ custom1: 'v', other: 'o' });
      });
    });
  }

  it('of two that the user has, a path names the longer one', async () => {
    const { scim } = await freshTenant();
    const [short, long] = ['urn:acme:a', 'urn:acme:a:b'];
    const { id } = await createUser(scim, { [short]: { b: { c: 1 }, d: 1 }, [long]: { c: 2, e: 2 } });
    const after = await patchUser(
      scim,
      id,
      { op: 'replace', path: `${long}:c`, value: 3 },
      { op: 'remove', path: `${short}:d` },
    );
    expect([after[short], after[long]]).to.deep.equal([{ b: { c: 1 } }, { c: 3, e: 2 }]);
    const last = await patchUser(scim, id, { op: 'remove', path: long });
    expect([last[short], last[long]]).to.deep.equal([{ b: { c: 1 } }, undefined]);
  });
});

describe('SCIM PATCH of lists and objects in an extension', () => {
  const LISTS: [title: string, urn: string][] = [
    ['declared', OAK],
    ['undeclared', FREE],
  ];
  for (const [title, urn] of LISTS) {
    describe(title, () => {
      let scim: Scim;
      let id: string;
      before(async function () {
        if (urn === OAK) needsOwnPair(this);
        const tenant = await freshTenant();
        ({ scim } = tenant);
        if (urn === OAK) {
          const pair = await sharedPair();
          const admin = connect(pair.address, SERVICE_TOKENS.admin);
          const attributes = [
            { name: 'regions', multiValued: true },
            { name: 'floor', type: 'integer' },
          ];
          const schema = parseSchema(JSON.stringify({ id: OAK, attributes }));
          await admin.updateOrganization(tenant.organizationId, () => ({ extensionSchemas: [schema] }));
          admin.close();
        }
      });
      beforeEach(async () => {
        ({ id } = await createUser(scim, { [urn]: { regions: ['north', 'south'] } }));
      });
      const changed = async (...operations: object[]) => (await patchUser(scim, id, ...operations))[urn]?.regions;

      it('an add appends what the list lacks, by path and by key, a single value or several', async () => {
        const path = `${urn}:regions`;
        expect(await changed({ op: 'add', path, value: 'west' })).to.deep.equal(['north', 'south', 'west']);
        expect(await changed({ op: 'Add', value: { [urn]: { regions: 'east' } } })).to.have.length(4);
        expect(await changed({ op: 'add', value: { [path]: ['south', 'up'] } })).to.deep.equal([
          'north',
          'south',
          'west',
          'east',
          'up',
        ]);
        expect(await changed({ op: 'add', path, value: [] })).to.have.length(5);
        expect(await changed({ op: 'add', value: { [urn]: { regions: null } } })).to.have.length(5);
      });

      it('a replace puts the new list in its place', async () => {
        expect(await changed({ op: 'replace', path: `${urn}:regions`, value: ['west'] })).to.deep.equal(['west']);
        expect(await changed({ op: 'replace', value: { [urn]: { regions: ['up', 'down'] } } })).to.deep.equal([
          'up',
          'down',
        ]);
        expect(await changed({ op: 'replace', value: { [`${urn}:regions`]: [] } })).to.equal(undefined);
      });

      it('a remove with a value removes that value only', async () => {
        const path = `${urn}:regions`;
        for (const value of ['south', ['south'], [{ value: 'South' }], [{ $ref: null, value: 'south' }]]) {
          const user = await createUser(scim, { [urn]: { regions: ['north', 'south'] } });
          const { [urn]: left } = await patchUser(scim, user.id, { op: 'remove', path, value });
          expect(left, JSON.stringify(value)).to.deep.equal({ regions: ['north'] });
        }
      });

      it('a remove with an empty list, or of a value that is absent, removes nothing', async () => {
        const before = await getUser(scim, id);
        for (const value of [[], ['nope'], 'nope', [{ value: 'nope' }]]) {
          const answer = await patchUser(scim, id, { op: 'remove', path: `${urn}:regions`, value });
          expect(answer).to.deep.equal(before);
        }
        const empty = patchBody({ op: 'remove', path: `${urn}:regions`, value: [''] });
        expectError(await scim('PATCH', `/Users/${id}`, empty), 400, 'invalidValue');
      });

      it('a remove without a value removes the attribute', async () => {
        const user = await patchUser(scim, id, { op: 'remove', path: `${urn}:regions` });
        expect(user).to.not.have.property(urn);
        expect(user.schemas).to.deep.equal([CORE_USER]);
      });

      it('a value filter chooses the values to replace or to remove', async () => {
        const path = (filter: string) => `${urn}:regions[${filter}]`;
        expect(await changed({ op: 'replace', path: path('value eq "South"'), value: 'west' })).to.deep.equal([
          'north',
          'west',
        ]);
        expect(await changed({ op: 'replace', path: path('value sw "w"'), value: [{ value: 'east' }] })).to.deep.equal([
          'north',
          'east',
        ]);
        expect(await changed({ op: 'remove', path: path('value co "or" or value eq "x"') })).to.deep.equal(['east']);
        for (const op of ['replace', 'remove', 'add']) {
          const patch = patchBody({ op, path: path('value eq "none"'), value: 'x' });
          expectError(await scim('PATCH', `/Users/${id}`, patch), 400, 'noTarget');
        }
        expect(await changed({ op: 'remove', path: path('value pr') })).to.equal(undefined);
      });
    });
  }

  it('an object keeps the members that an operation does not name, and its members have paths', async () => {
    const { scim } = await freshTenant();
    const { id } = await createUser(scim, { [FREE]: { obj: { a: 1, b: 2, deep: { c: [1] } } } });
    const obj = async (operation: object) => (await patchUser(scim, id, operation))[FREE]?.obj;
    const path = `${FREE}:obj`;
    expect(await obj({ op: 'replace', path, value: { a: 9 } })).to.deep.equal({ a: 9, b: 2, deep: { c: [1] } });
    expect(await obj({ op: 'add', value: { [FREE]: { obj: { deep: { c: 2 } } } } })).to.deep.include({
      deep: { c: [1, 2] },
    });
    expect(await obj({ op: 'replace', path: `${path}.B`, value: 'x' })).to.deep.include({ b: 'x' });
    expect(await obj({ op: 'replace', value: { [`${path}.new`]: true } })).to.deep.include({ new: true });
    expect(await obj({ op: 'remove', path: `${path}.deep.c`, value: [1] })).to.deep.include({ deep: { c: [2] } });
    expect(await obj({ op: 'replace', path, value: { deep: null } })).to.deep.equal({ a: 9, b: 'x', new: true });
    const scalar = patchBody({ op: 'replace', path: `${path}.a.x`, value: 1 });
    expectError(await scim('PATCH', `/Users/${id}`, scalar), 400, 'noTarget');
    await patchUser(scim, id, ...['a', 'b', 'new'].map((name) => ({ op: 'remove', path: `${path}.${name}` })));
    expect(await getUser(scim, id)).to.not.have.property(FREE);
  });

  it('a value filter chooses objects of a list, to merge into them, set or remove a member, and remove them', async () => {
    const { scim } = await freshTenant();
    const jobs = [
      { value: 'a', type: 'main', since: 2020 },
      { value: 'b', type: 'side', since: 2024 },
    ];
    const { id } = await createUser(scim, { [FREE]: { jobs } });
    const changed = async (operation: object) => (await patchUser(scim, id, operation))[FREE].jobs;
    const path = (filter: string) => `${FREE}:jobs[${filter}]`;
    expect(await changed({ op: 'replace', path: path('type eq "MAIN"'), value: { since: 2021 } })).to.deep.equal([
      { value: 'a', type: 'main', since: 2021 },
      jobs[1],
    ]);
    expect(await changed({ op: 'replace', path: `${path('since gt 2022')}.value`, value: 'c' })).to.deep.include({
      ...jobs[1],
      value: 'c',
    });
    expect(await changed({ op: 'remove', path: `${path('value eq "c" and type eq "side"')}.since` })).to.deep.include({
      value: 'c',
      type: 'side',
    });
    expect(await changed({ op: 'remove', path: path('not (type eq "main")') })).to.have.length(1);
    const user = await patchUser(scim, id, { op: 'remove', path: `${FREE}:jobs`, value: [{ value: 'A' }] });
    expect(user).to.not.have.property(FREE);
  });

  it('a PUT that says active false merges a list as a replace and keeps what it leaves out', async () => {
    const { scim } = await freshTenant();
    const { id, userName } = await createUser(scim, { [FREE]: { obj: { a: 1, b: 2 }, regions: ['n', 's'] } });
    const left = await putUser(scim, id, {
      schemas: [CORE_USER],
      userName,
      active: false,
      [FREE]: { obj: { a: 3 }, regions: ['w'] },
    });
    expect(left[FREE]).to.deep.equal({ obj: { a: 3, b: 2 }, regions: ['w'] });
  });
});

describe('SCIM namespaces of extensions', () => {
  let scim: Scim;
  before(async () => {
    ({ scim } = await freshTenant());
  });

  const SCIM_URNS = [
    'urn:ietf:params:scim:schemas:core:2.0:Group',
    'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig',
    'urn:ietf:params:scim:schemas:core:2.0:Schema',
    'URN:ietf:params:SCIM:schemas:core:2.0:EnterpriseUser',
    'urn:ietf:params:scim:api:messages:2.0:Error',
    'urn:ietf:params:scim:api:messages:2.0:ListResponse',
    'urn:ietf:params:scim:api:messages:2.0:PatchOp',
    'urn:ietf:params:scim:api:messages:2.0:SearchRequest',
  ];

  for (const urn of [...SCIM_URNS, 'rn:ietf:params:scim:schemas:extension:custom:2.0:User', 'urn:x', 'my:space']) {
    it(`${urn} is none: POST, PUT and PATCH are 400 and name it`, async () => {
      const { id, userName } = await createUser(scim);
      const before = await getUser(scim, id);
      for (const answer of [
        await scim('POST', '/Users', oktaUser(uniqueName(), { [urn]: { custom1: 'v' } })),
        await scim('PUT', `/Users/${id}`, oktaUser(userName, { [urn]: { custom1: 'v' } })),
        await scim('PATCH', `/Users/${id}`, patchBody({ op: 'add', value: { title: 'x', [urn]: { custom1: 'v' } } })),
        await scim('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: `${urn}:custom1`, value: 'v' })),
      ]) {
        expectError(answer, 400, answer.body.scimType);
        expect(answer.body.scimType).to.match(/^invalid(Syntax|Path|Value)$/);
        expect(answer.body.detail).to.contain(urn);
      }
      expect(await getUser(scim, id)).to.deep.equal(before);
      expect((await createUser(scim, { [urn]: {} })).schemas).to.deep.equal([CORE_USER]);
    });
  }

  it('a name without a colon is none if "schemas" names it, else an unknown attribute that is ignored', async () => {
    const tessss = { custom_attr_1: 'v' };
    const named = oktaUser(uniqueName(), { schemas: [CORE_USER, 'tessss'], tessss });
    const answer = await scim('POST', '/Users', named);
    expectError(answer, 400, 'invalidSyntax');
    expect(answer.body.detail).to.contain('"tessss"');
    expect(await createUser(scim, { tessss, salary: 5 })).to.not.have.any.keys('tessss', 'salary');
  });

  it('an attribute that the enterprise extension lacks is ignored in bodies, and 400 as a path', async () => {
    const user = await createUser(scim, { [ENTERPRISE_USER]: { department: 'D', custom_role: 'admin' } });
    expect(user[ENTERPRISE_USER]).to.deep.equal({ department: 'D' });
    const value = { [ENTERPRISE_USER]: { department: 'E', custom_role: 'admin' } };
    expect((await patchUser(scim, user.id, { op: 'replace', value }))[ENTERPRISE_USER]).to.deep.equal({
      department: 'E',
    });
    const path = `${ENTERPRISE_USER}:custom_role`;
    expectError(
      await scim('PATCH', `/Users/${user.id}`, patchBody({ op: 'add', path, value: 'x' })),
      400,
      'invalidPath',
    );
  });
});
