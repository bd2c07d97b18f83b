/** Bodies for callers that may not see personal values: everything that is not known to be none is masked. */
import { expect } from 'chai';
import { maskedRequest, maskedResponse } from '../../../userstore/model/masked-body.js';

const keptOf = (value: unknown) => ({ text: JSON.stringify(value), cut: false });
const request = (value: unknown) => JSON.parse(maskedRequest(keptOf(value))?.text ?? 'null');
const response = (value: unknown) => JSON.parse(maskedResponse(keptOf(value))?.text ?? 'null');

describe('a masked body', () => {
  it('shows names, schemas, operations, paths, flags, small numbers and enumerations, and no value of a person', () => {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
    const given = {
      schemas,
      Operations: [
        {
          op: 'Replace',
          path: 'emails[type eq "work" and value eq "ana@oak.example"].value',
          value: 'ana@new.example',
        },
        {
          op: 'add',
          value: { active: false, title: '', emails: [{ type: 'work', value: 'a@b.example', primary: true }] },
        },
      ],
      count: 12,
      password: '[redacted]',
    };
    expect(request(given)).to.deep.equal({
      schemas,
      Operations: [
        { op: 'Replace', path: 'emails[type eq "•••" and value eq "•••"].value', value: '•••' },
        { op: 'add', value: { active: false, title: '', emails: [{ type: 'work', value: '•••', primary: true }] } },
      ],
      count: 12,
      password: '[redacted]',
    });
  });

  it('tells the length of a value roughly', () => {
    const texts = ['x'.repeat(16), 'x'.repeat(17), 'x'.repeat(64), 'x'.repeat(65)];
    expect(request({ texts }).texts).to.deep.equal(['•••', '••••••', '••••••', '•••••••••']);
  });

  it('shows no value under a name that is shown, unless it has the form of one', () => {
    const given = {
      op: 'ana@x',
      path: 'ana ruiz@x',
      schemas: ['Ana'],
      type: 'Ana',
      status: 'Ana',
      id: 'Ana',
      detail: 'Ana',
    };
    expect(Object.values(request(given)).flat()).to.deep.equal(Array.from({ length: 7 }, () => '•••'));
  });

  it('masks names that are no names of attributes, and large numbers', () => {
    expect(request({ 'ana@oak.example': true, phone: 41791234567, __proto__x: 1 })).to.deep.equal({
      '••• 0': true,
      phone: '•••',
      __proto__x: 1,
    });
    expect(maskedRequest({ text: '{"__proto__":{"a":"Ana"}}', cut: false })?.text).to.equal(
      '{"__proto__":{"a":"•••"}}',
    );
  });

  it('of an answer shows ids and the text of a refusal, which activities have too', () => {
    const id = '0199f7c1-5595-7c49-a28c-bba9174675c3';
    const given = {
      schemas: ['urn:x:Error'],
      status: '409',
      scimType: 'uniqueness',
      detail: 'It is taken.',
      id,
      inner: { detail: 'Ana' },
    };
    expect(response(given)).to.deep.equal({ ...given, inner: { detail: '•••' } });
  });

  it('stays masked if its text is no JSON, and says what is not kept', () => {
    expect(maskedRequest({ text: 'Ana Ruiz', cut: false })?.text).to.equal('"•••"');
    const omitted = { text: '', cut: false, omitted: 'It is too large.' };
    expect(maskedRequest(omitted)).to.deep.equal(omitted);
    expect(maskedResponse(undefined)).to.equal(undefined);
  });
});
