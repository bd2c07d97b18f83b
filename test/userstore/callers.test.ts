/** Who may call what. */
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ActivityServiceService } from '../../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../../proto/gen/userstore/v1/api_token_service.js';
import { GroupServiceService } from '../../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../../userstore/domain/errors.js';
import { callerCheck, ROLES, type Role } from '../../userstore/rpc/callers.js';

const check = callerCheck(new Map(ROLES.map((role) => [`token-of-${role}`, { name: `the ${role}`, role }])));
const metadata = (authorization?: string) => {
  const sent = new Metadata();
  if (authorization !== undefined) sent.set('authorization', authorization);
  return sent;
};
const paths = [
  UserServiceService,
  GroupServiceService,
  ApiTokenServiceService,
  OrganizationServiceService,
  RateLimitServiceService,
  ActivityServiceService,
].flatMap((service) => Object.values(service).map(({ path }) => path as string));
const USERS = ['GetUser', 'ListUsers', 'CreateUser', 'UpdateUser', 'PatchUser', 'DeleteUser'];
const GROUPS = ['GetGroup', 'ListGroups', 'CreateGroup', 'UpdateGroup', 'PatchGroup', 'DeleteGroup', 'ListMemberships'];
const ALLOWED: Record<Role, string[]> = {
  edge: [...USERS, ...GROUPS, 'VerifyApiToken', 'AcquirePermits', 'RecordActivities', 'GetOrganization'],
  reader: ['GetUser', 'ListUsers', 'GetGroup', 'ListGroups', 'ListMemberships'],
  admin: paths.map((path) => path.slice(path.lastIndexOf('/') + 1)),
};

describe('the caller check', () => {
  for (const role of ROLES) {
    it(`lets the role "${role}" make these calls and no other: ${ALLOWED[role].join(', ')}`, () => {
      const allowed = paths.filter((path) => {
        try {
          check(metadata(`Bearer token-of-${role}`), path);
          return true;
        } catch (error) {
          expect(error).to.be.instanceOf(DomainError).and.include({ reason: 13 });
          return false;
        }
      });
      expect(allowed.map((path) => path.slice(path.lastIndexOf('/') + 1))).to.have.members(ALLOWED[role]);
    });
  }

  it('says who calls, whatever the letter case of the scheme', () => {
    const caller = check(metadata('bearer token-of-edge'), '/userstore.v1.UserService/GetUser');
    expect(caller).to.deep.equal({ name: 'the edge', role: 'edge' });
  });

  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer unknown',
    'token-of-admin',
    'Basic token-of-admin',
  ]) {
    it(`knows no caller by "${header}"`, () => {
      expect(() => check(metadata(header), paths[0] ?? ''))
        .to.throw(DomainError)
        .include({ reason: 12 });
    });
  }

  it('tells no secret in its refusals', () => {
    expect(() => check(metadata('Bearer token-of-reader'), paths[2] ?? ''))
      .to.throw()
      .not.match(/token-of/);
    expect(() => check(metadata('Bearer s3cret'), paths[2] ?? '')).to.throw(/^(?!.*s3cret)/);
  });
});
