/** The table of fields against the contract: neither has a field that the other lacks. */
import { expect } from 'chai';
import { Group } from '../../../proto/gen/userstore/v1/group.js';
import { User } from '../../../proto/gen/userstore/v1/user.js';
import {
  contractName,
  elementField,
  type Fields,
  fieldNamed,
  fold,
  GROUP_FIELDS,
  USER_FIELDS,
} from '../../../userstore/model/fields.js';

const OUTPUT_ONLY = [
  'id',
  'organizationId',
  'etag',
  'createTime',
  'updateTime',
  'locked',
  'groups',
  'managerDisplayName',
];

describe('the table of fields', () => {
  it('has every field of User that clients write, and no other', () => {
    const contract = Object.keys(User.fromPartial({})).filter((name) => !OUTPUT_ONLY.includes(name));
    expect(Object.keys(USER_FIELDS)).to.have.members(contract);
  });

  it('has every field of Group that clients write, and no other', () => {
    const contract = Object.keys(Group.fromPartial({})).filter((name) => !OUTPUT_ONLY.includes(name));
    expect(Object.keys(GROUP_FIELDS)).to.have.members(contract);
  });

  it('has every field of every message and element, and no other', () => {
    for (const [name, field] of Object.entries(USER_FIELDS)) {
      if (field.kind === 'message') {
        const made = User.fromPartial({ [name]: {} } as object) as unknown as Record<string, object>;
        expect(Object.keys(field.fields), name).to.have.members(Object.keys(made[name] ?? {}));
      }
      if (field.kind === 'list') {
        const made = User.fromPartial({ [name]: [{}] } as object) as unknown as Record<string, object[]>;
        expect(Object.keys(field.fields), name).to.have.members(Object.keys(made[name]?.[0] ?? {}));
      }
    }
  });

  it('finds each field by its contract name, through messages but not into lists', () => {
    const names = (fields: Fields, prefix = ''): string[] =>
      Object.entries(fields).flatMap(([name, field]) => [
        prefix + contractName(name),
        ...(field.kind === 'message' ? names(field.fields, `${prefix}${contractName(name)}.`) : []),
      ]);
    for (const name of names(USER_FIELDS)) expect(fieldNamed(name)?.path.map(contractName).join('.')).to.equal(name);
    expect(fieldNamed('enterprise.manager.display_name')?.path).to.deep.equal(['enterprise', 'manager', 'displayName']);
  });

  for (const name of ['', 'userName', 'emails.value', 'id', 'etag', '__proto__', 'constructor', 'name.', 'name.x']) {
    it(`has no field "${name}"`, () => expect(fieldNamed(name)).to.equal(undefined));
  }

  it('finds fields of elements by their contract names only', () => {
    expect(elementField(USER_FIELDS.addresses.fields, 'street_address')?.[0]).to.equal('streetAddress');
    for (const name of ['streetAddress', 'toString', '']) {
      expect(elementField(USER_FIELDS.addresses.fields, name)).to.equal(undefined);
    }
  });
});

describe('fold', () => {
  it('makes one of what differs by letter case or by Unicode composition, and of nothing else', () => {
    expect(fold('ÁNA@X.example')).to.equal(fold('a\u0301na@x.EXAMPLE'));
    expect(fold('STRASSE')).to.equal(fold('straße'));
    expect(fold('ana')).not.to.equal(fold('ána'));
    expect(fold(' ana')).not.to.equal(fold('ana'));
    expect(fold('ＡＮＡ')).not.to.equal(fold('ana'));
  });

  it('folds folded text to itself', () => {
    for (const text of ['İstanbul', 'STRAẞE', 'ΣΊΣΥΦΟΣ', 'Ǆ', 'Å']) expect(fold(fold(text))).to.equal(fold(text));
  });
});
