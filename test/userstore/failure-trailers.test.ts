/** The field at fault in the details of failed calls, in both spellings. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { errorOf } from '../../client/errors.js';
import { User } from '../../proto/gen/userstore/v1/user.js';
import { DomainError, invalidField } from '../../userstore/model/domain-error.js';
import { validate } from '../../userstore/model/user.js';
import { failureTrailers } from '../../userstore/rpc/failure-trailers.js';
import { typed, userNamed } from '../harness/users.js';

/** Returns both spellings as a caller reads them. */
function spellings(error: unknown): [string | undefined, string | undefined] {
  if (!(error instanceof DomainError)) throw error;
  const metadata = failureTrailers(status.INVALID_ARGUMENT, error);
  const { field, jsonField } = errorOf({ code: status.INVALID_ARGUMENT, details: '', metadata } as ServiceError);
  return [field, jsonField];
}

describe('the details of a failed call', () => {
  const long = 'x'.repeat(70_000);
  const users: [user: Partial<User>, field: string, jsonField: string][] = [
    [{ userName: '' }, 'user_name', 'userName'],
    [{ externalId: long }, 'external_id', 'externalId'],
    [{ name: { givenName: long } }, 'name.given_name', 'name.givenName'],
    [{ phoneNumbers: [typed(long)] }, 'phone_numbers.value', 'phoneNumbers.value'],
    [{ x509Certificates: [typed(long)] }, 'x509_certificates.value', 'x509Certificates.value'],
    [{ enterprise: { costCenter: long } }, 'enterprise.cost_center', 'enterprise.costCenter'],
    [
      { enterprise: { manager: { displayName: long } } },
      'enterprise.manager.display_name',
      'enterprise.manager.displayName',
    ],
  ];
  for (const [values, field, jsonField] of users) {
    it(`name the field ${field} of the contract, ${jsonField} in JSON`, () => {
      const refuse = () => validate({ ...User.fromPartial({}), ...userNamed('ana'), ...values });
      let error: unknown;
      try {
        refuse();
      } catch (thrown) {
        error = thrown;
      }
      expect(spellings(error)).to.deep.equal([field, jsonField]);
    });
  }

  it('leave a URN as it is, and name no field if none is at fault', () => {
    const urn = 'urn:example:2.0:User:badge_number';
    expect(spellings(invalidField(urn, 'refused'))).to.deep.equal([urn, urn]);
    expect(spellings(new DomainError(1, 'no such user'))).to.deep.equal([undefined, undefined]);
  });
});
