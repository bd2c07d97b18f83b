/** Merged operations on a group, held against one operation after the other. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { GroupOperation } from '../../../proto/gen/userstore/v1/group_service.js';
import { type MembersWanted, wantedBy as stepsOf } from '../../../userstore/model/members.js';
import { addMembers, groupNamed, removeMembers, replaceMembers, setFields } from '../../harness/groups.js';
import { resultOf } from '../../harness/steps.js';

const wantedBy = (operations: GroupOperation[]) => resultOf(stepsOf(operations));

/** Members after each operation in its turn. */
function oneByOne(present: string[], operations: GroupOperation[]): Set<string> {
  let members = new Set(present);
  for (const { operation } of operations) {
    if (operation?.$case === 'replaceMembers') members = new Set(operation.value.userIds);
    if (operation?.$case === 'addMembers') for (const id of operation.value.userIds) members.add(id);
    if (operation?.$case === 'removeMembers') for (const id of operation.value.userIds) members.delete(id);
  }
  return members;
}

function applied(present: string[], wanted: MembersWanted): Set<string> {
  if ('exactly' in wanted) return wanted.exactly;
  const members = new Set([...present, ...wanted.added]);
  for (const id of wanted.removed) members.delete(id);
  return members;
}

const ids = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 4 });
const anyOperation = fc.oneof(
  ids.map((some) => addMembers(...some)),
  ids.map((some) => removeMembers(...some)),
  ids.map((some) => replaceMembers(...some)),
  fc.constant(setFields(groupNamed('x'), 'display_name')),
);

describe('what operations on a group come to', () => {
  it('equals the operations one after the other, whatever the members are', () => {
    fc.assert(
      fc.property(ids, fc.array(anyOperation, { minLength: 1, maxLength: 12 }), (present, operations) => {
        const { members } = wantedBy(operations);
        expect(applied(present, members)).to.deep.equal(oneByOne(present, operations));
        if ('added' in members) for (const id of members.added) expect(members.removed.has(id)).to.equal(false);
      }),
    );
  });

  it('names every user that becomes a member at any time', () => {
    const { named } = wantedBy([addMembers('a'), removeMembers('a', 'x'), replaceMembers('b'), replaceMembers()]);
    expect([...named]).to.deep.equal(['a', 'b']);
  });

  it('sets fields in order, each to its last value', () => {
    const group = { ...groupNamed('before', 'e1'), id: 'id' };
    const operations = [
      setFields(groupNamed('first', 'e2'), 'display_name'),
      setFields(groupNamed('second', 'e3'), '*'),
      setFields(groupNamed(undefined, ''), 'external_id'),
    ];
    expect(wantedBy(operations).changed(group)).to.deep.equal({
      ...group,
      displayName: 'second',
      externalId: undefined,
    });
  });
});
