/** Complex attributes of an organization's own schemas (RFC 7643 section 2.3.8): objects of declared sub-attributes. */
import { expect } from 'chai';
import { connect } from '../../../bin/admin/userstore.js';
import { parseSchema } from '../../../proto/schema-file.js';
import { createTenant, needsOwnPair, sharedPair, type Tenant } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  byFilter,
  createUser,
  expectError,
  getUser,
  oktaUser,
  patchBody,
  patchUser,
  putUser,
  uniqueName,
} from '../../harness/scim.js';

const OAK = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
const PARTS = [
  { name: 'code', caseExact: true, description: 'The code of the place.' },
  { name: 'floor', type: 'integer' },
  { name: 'since', type: 'dateTime' },
  { name: 'tags', multiValued: true },
];
const DECLARED = {
  id: OAK,
  attributes: [
    { name: 'place', type: 'complex', subAttributes: PARTS },
    { name: 'jobs', type: 'complex', multiValued: true, subAttributes: [{ name: 'value' }, ...PARTS] },
    {
      name: 'origin',
      type: 'complex',
      mutability: 'immutable',
      returned: 'request',
      subAttributes: [{ name: 'city' }],
    },
    { name: 'plain' },
  ],
};
const JOBS = [
  { value: 'a', code: 'X1', floor: 1 },
  { value: 'b', code: 'Y2', floor: 2 },
];

describe('Complex attributes of an extension', () => {
  let tenant: Tenant;
  let strict: Tenant;
  before(async function () {
    needsOwnPair(this);
    const pair = await sharedPair();
    const admin = connect(pair.address, SERVICE_TOKENS.admin);
    [tenant, strict] = [await createTenant(pair), await createTenant(pair)];
    const extensionSchemas = [parseSchema(JSON.stringify(DECLARED))];
    await admin.updateOrganization(tenant.organizationId, () => ({ extensionSchemas }));
    await admin.updateOrganization(strict.organizationId, () => ({ extensionSchemas, strictSchemas: true }));
    admin.close();
  });
  const create = (values: object) => createUser(tenant.scim, { [OAK]: values });
  const found = async (filter: string): Promise<string[]> => {
    const { body, status, text } = await tenant.scim('GET', byFilter(filter));
    expect(status, text).to.equal(200);
    return body.Resources.map(({ id }: { id: string }) => id);
  };

  it('take wrapped single values, as attributes of the core schema do; two for one are refused', async () => {
    const place = [{ code: ['X'], floor: [{ $ref: null, value: '3' }], tags: [{ value: 'a' }, 'b'] }];
    const unwrapped = { code: 'X', floor: 3, tags: ['a', 'b'] };
    const { id, [OAK]: shown } = await create({ place });
    expect(shown.place).to.deep.equal(unwrapped);
    await patchUser(tenant.scim, id, { op: 'Replace', path: `${OAK}:place.code`, value: [{ value: 'Y' }] });
    await patchUser(tenant.scim, id, { op: 'Add', path: `${OAK}:place.tags`, value: [{ value: 'c' }] });
    expect((await getUser(tenant.scim, id))[OAK].place).to.deep.equal({
      ...unwrapped,
      code: 'Y',
      tags: ['a', 'b', 'c'],
    });
    const two = patchBody({ op: 'replace', path: `${OAK}:place.floor`, value: [1, 2] });
    expectError(await tenant.scim('PATCH', `/Users/${id}`, two), 400, 'invalidValue');
  });

  it('are in /Schemas with their sub-attributes', async () => {
    const { body } = await tenant.scim('GET', `/Schemas/${OAK}`);
    const [place] = body.attributes;
    expect(place).to.include({ name: 'place', type: 'complex', multiValued: false });
    expect(place.subAttributes.map(({ name, type }: typeof place) => `${name} ${type}`)).to.deep.equal([
      'code string',
      'floor integer',
      'since dateTime',
      'tags string',
    ]);
    expect(place.subAttributes[0]).to.include({
      caseExact: true,
      description: 'The code of the place.',
      returned: 'default',
    });
  });

  it('are created, read and replaced, each sub-attribute by its type, without those that have no value', async () => {
    const created = await create({
      place: { CODE: 'X', floor: '3', since: null, tags: 'a', more: { kept: [1] } },
      jobs: [{ value: 'a', floor: '1', tags: [] }],
    });
    const expected = {
      place: { code: 'X', floor: 3, tags: ['a'], more: { kept: [1] } },
      jobs: [{ value: 'a', floor: 1 }],
    };
    expect(created[OAK]).to.deep.equal(expected);
    expect(await putUser(tenant.scim, created.id, created)).to.deep.equal(created);
    const replaced = { ...created, [OAK]: { place: { floor: 4 }, jobs: null } };
    expect((await putUser(tenant.scim, created.id, replaced))[OAK]).to.deep.equal({ place: { floor: 4 } });
    const emptied = { ...created, [OAK]: { place: { floor: null, tags: [] } } };
    expect(await putUser(tenant.scim, created.id, emptied)).to.not.have.property(OAK);
  });

  it('are refused if a value or a part has another type', async () => {
    for (const [values, path] of [
      [{ place: 'x' }, 'place'],
      [{ place: [{ code: 'x' }, { code: 'y' }] }, 'place'],
      [{ place: { floor: 'high' } }, 'place.floor'],
      [{ place: { since: 'soon' } }, 'place.since'],
      [{ place: { code: { a: 1 } } }, 'place.code'],
      [{ jobs: ['a'] }, 'jobs'],
      [{ jobs: [{ floor: 1.5 }] }, 'jobs.floor'],
    ] as const) {
      const answer = await tenant.scim('POST', '/Users', oktaUser(uniqueName(), { [OAK]: values }));
      expectError(answer, 400, 'invalidValue');
      expect(answer.text).to.include(`${OAK}:${path}\\"`);
    }
  });

  it('PATCH changes a part by its path, and the parts that an object names; the others stay', async () => {
    const { id } = await create({ place: { code: 'X', floor: 3, tags: ['a'] } });
    const place = async (operation: object) => (await patchUser(tenant.scim, id, operation))[OAK]?.place;
    const path = `${OAK}:place`;
    expect(await place({ op: 'replace', path: `${path}.FLOOR`, value: '4' })).to.deep.include({ floor: 4, code: 'X' });
    expect(await place({ op: 'replace', path, value: { code: 'Y' } })).to.deep.include({ floor: 4, code: 'Y' });
    expect(await place({ op: 'add', path: `${path}.tags`, value: 'b' })).to.deep.include({ tags: ['a', 'b'] });
    expect(await place({ op: 'remove', path: `${path}.tags`, value: ['A'] })).to.deep.include({ tags: ['b'] });
    expect(await place({ op: 'replace', value: { [path]: { floor: 5, tags: null } } })).to.deep.equal({
      code: 'Y',
      floor: 5,
    });
    expect(await place({ op: 'replace', value: { [`${path}.floor`]: '6' } })).to.deep.include({ floor: 6 });
    expect(await place({ op: 'remove', path: `${path}.code` })).to.deep.equal({ floor: 6 });
    expect(await place({ op: 'replace', path: `${path}.floor`, value: '' })).to.equal(undefined);
    expect(await place({ op: 'replace', path, value: { code: null, tags: [] } })).to.equal(undefined);
    expect(await place({ op: 'add', path: `${path}.Since`, value: '2026-01-01T00:00:00Z' })).to.deep.equal({
      since: '2026-01-01T00:00:00Z',
    });
    for (const [wrong, value, scimType] of [
      [`${path}.floor`, 'high', 'invalidValue'],
      [path, { floor: 'high' }, 'invalidValue'],
      [`${path}.code.x`, 'y', 'invalidPath'],
      [`${OAK}:plain.x`, 'y', 'invalidPath'],
    ] as const) {
      const answer = await tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: wrong, value }));
      expectError(answer, 400, scimType);
    }
  });

  it('PATCH chooses values of a list by a filter, to merge into them, set or remove a part, and remove them', async () => {
    const { id } = await create({ jobs: JOBS });
    const jobs = async (operation: object) => (await patchUser(tenant.scim, id, operation))[OAK]?.jobs;
    const path = (filter: string) => `${OAK}:jobs[${filter}]`;
    expect(await jobs({ op: 'replace', path: path('VALUE eq "A"'), value: { floor: '9' } })).to.deep.equal([
      { ...JOBS[0], floor: 9 },
      JOBS[1],
    ]);
    expect(await jobs({ op: 'replace', path: `${path('floor ge "9"')}.FLOOR`, value: '8' })).to.deep.include({
      ...JOBS[0],
      floor: 8,
    });
    expect(await jobs({ op: 'add', path: `${OAK}:jobs`, value: { value: 'c', floor: '3' } })).to.have.length(3);
    expect(await jobs({ op: 'remove', path: `${path('code eq "Y2"')}.code` })).to.deep.include({
      value: 'b',
      floor: 2,
    });
    expect(await jobs({ op: 'remove', path: `${OAK}:jobs`, value: [{ floor: '3' }] })).to.have.length(2);
    expect(await jobs({ op: 'remove', path: path('value eq "a" and floor eq 8') })).to.deep.equal([
      { value: 'b', floor: 2 },
    ]);
    expect(await jobs({ op: 'replace', path: `${OAK}:jobs.floor`, value: 7 })).to.deep.equal([
      { value: 'b', floor: 7 },
    ]);
    for (const [wrong, value, scimType] of [
      [path('code eq "y2"'), { floor: 1 }, 'noTarget'],
      [path('floor eq 7'), 'x', 'invalidValue'],
      [`${path('floor eq 7')}.floor`, 'high', 'invalidValue'],
      [path('floor co 7'), { floor: 1 }, 'invalidFilter'],
    ] as const) {
      const answer = await tenant.scim('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: wrong, value }));
      expectError(answer, 400, scimType);
    }
  });

  it('filters and projections name sub-attributes, which compare by their types', async () => {
    const { id } = await create({ place: { code: 'Find', floor: 41, since: '2026-01-01T00:00:00Z' }, jobs: JOBS });
    for (const filter of [
      `${OAK}:place.code eq "Find"`,
      `${OAK}:PLACE.Floor eq "41" and ${OAK}:jobs.floor eq 2`,
      `${OAK}:place.since le "2026-01-01T01:00:00+01:00" and ${OAK}:place.floor gt 40`,
      `${OAK}:place pr and ${OAK}:place.floor eq 41`,
      `${OAK}:jobs eq "A" and ${OAK}:place.code sw "Fi"`,
    ]) {
      expect(await found(filter), filter).to.deep.equal([id]);
    }
    expect(await found(`${OAK}:place.code eq "find"`)).to.deep.equal([]);
    for (const filter of [`${OAK}:place.floor eq "x"`, `${OAK}:place eq "x"`, `${OAK}:jobs[value eq "a"]`]) {
      expectError(await tenant.scim('GET', byFilter(filter)), 400, 'invalidFilter');
    }
    const shown = async (query: string) =>
      (await tenant.scim('GET', `/Users/${id}?${query}=${encodeURIComponent(`${OAK}:place.code,${OAK}:jobs`)}`)).body[
        OAK
      ];
    expect(await shown('attributes')).to.deep.equal({ place: { code: 'Find' }, jobs: JOBS });
    expect(await shown('excludedAttributes')).to.deep.equal({ place: { floor: 41, since: '2026-01-01T00:00:00Z' } });
  });

  it('are immutable and returned on request as a whole', async () => {
    const { id } = await create({ origin: { city: 'Ulm' }, plain: 'x' });
    expect((await getUser(tenant.scim, id))[OAK]).to.deep.equal({ plain: 'x' });
    for (const names of [`${OAK}:origin`, `${OAK}:origin.city`]) {
      const { body } = await tenant.scim('GET', `/Users/${id}?attributes=${encodeURIComponent(names)}`);
      expect(body[OAK], names).to.deep.equal({ origin: { city: 'Ulm' } });
    }
    const moved = patchBody({ op: 'replace', path: `${OAK}:origin.city`, value: 'Bonn' });
    expectError(await tenant.scim('PATCH', `/Users/${id}`, moved), 400, 'mutability');
  });

  it('a strict organization refuses parts of another type and parts that are not declared', async () => {
    for (const [place, scimType] of [
      [{ floor: '3' }, 'invalidValue'],
      [{ tags: 'a' }, 'invalidValue'],
      [{ more: 1 }, 'invalidSyntax'],
    ] as const) {
      expectError(await strict.scim('POST', '/Users', oktaUser(uniqueName(), { [OAK]: { place } })), 400, scimType);
    }
    const { id } = await createUser(strict.scim, { [OAK]: { place: { floor: 3, tags: ['a'] } } });
    for (const [path, value] of [
      ['place.floor', '3'],
      ['place.more', 'x'],
    ] as const) {
      const answer = await strict.scim(
        'PATCH',
        `/Users/${id}`,
        patchBody({ op: 'add', path: `${OAK}:${path}`, value }),
      );
      expect(answer.status, answer.text).to.equal(400);
    }
  });
});

describe('A file that declares a complex attribute', () => {
  const declared = (attribute: object) => () =>
    parseSchema(JSON.stringify({ id: OAK, attributes: [{ name: 'place', type: 'complex', ...attribute }] }));

  it('is refused with its fault: a complex, immutable or hidden sub-attribute', () => {
    expect(declared({ subAttributes: [{ name: 'a' }] })).to.not.throw();
    for (const [sub, fault] of [
      [{ type: 'complex' }, 'attributes.0.subAttributes.0.type'],
      [{ mutability: 'immutable' }, 'attributes.0.subAttributes.0.mutability'],
      [{ returned: 'request' }, 'attributes.0.subAttributes.0.returned'],
      [{ subAttributes: [] }, 'attributes.0.subAttributes.0'],
    ] as const) {
      expect(declared({ subAttributes: [{ name: 'a', ...sub }] })).to.throw(fault);
    }
  });
});
