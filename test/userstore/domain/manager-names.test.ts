/** The names of managers: the queries that a page of users costs. */
import { expect } from 'chai';
import { setManagerNames } from '../../../userstore/domain/manager-names.js';
import { userNamed } from '../../harness/users.js';

const ID = '01a21856-8824-7374-b804-4f01b26b52f5';
const OTHER = '01a21856-8824-7374-b804-4f01b26b52f6';
const managedBy = (value: string | undefined) => userNamed('Ana', { enterprise: { manager: { value } } });

describe('the names of managers', () => {
  it('one query for a page, with each id once; none for a page without ids of users', async () => {
    const asked: (readonly string[])[] = [];
    const namesOf = async (_: string, ids: readonly string[]) => {
      asked.push(ids);
      return new Map([[ID, 'Mo']]);
    };
    const users = [ID, OTHER, ID, 'E-1', undefined].map(managedBy);
    await setManagerNames(users, 'acme', namesOf, 1);
    expect(asked).to.deep.equal([[ID, OTHER]]);
    const names = users.map(({ managerDisplayName }) => managerDisplayName);
    expect(names).to.deep.equal(['Mo', undefined, 'Mo', undefined, undefined]);
    await setManagerNames([managedBy('E-1'), userNamed('Ben')], 'acme', namesOf, 1);
    expect(asked).to.have.length(1);
  });
});
