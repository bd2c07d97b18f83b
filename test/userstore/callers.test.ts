/** Roles: which caller may call which RPC. */
import type { PeerCertificate } from 'node:tls';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { ActivityServiceService } from '../../proto/gen/userstore/v1/activity_service.js';
import { ApiTokenServiceService } from '../../proto/gen/userstore/v1/api_token_service.js';
import { GroupServiceService } from '../../proto/gen/userstore/v1/group_service.js';
import { OrganizationServiceService } from '../../proto/gen/userstore/v1/organization_service.js';
import { RateLimitServiceService } from '../../proto/gen/userstore/v1/rate_limit_service.js';
import { SessionServiceService } from '../../proto/gen/userstore/v1/session_service.js';
import { SsoConnectionServiceService } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../../userstore/model/domain-error.js';
import { createCallerCheck, ROLES, type Role } from '../../userstore/rpc/callers.js';

const check = createCallerCheck(new Map(ROLES.map((role) => [`token-of-${role}`, { name: `the ${role}`, role }])));
/** A call with this header, and with a certificate that has these alternative names. */
const call = (authorization?: string, subjectaltname?: string) => {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  const sslPeerCertificate = { subject: { CN: 'the certified' }, subjectaltname } as PeerCertificate;
  return { metadata, getAuthContext: () => (subjectaltname === undefined ? {} : { sslPeerCertificate }) };
};
const paths = [
  UserServiceService,
  GroupServiceService,
  ApiTokenServiceService,
  OrganizationServiceService,
  RateLimitServiceService,
  ActivityServiceService,
  SsoConnectionServiceService,
  SessionServiceService,
].flatMap((service) => Object.values(service).map(({ path }) => path as string));
const USER_READS = ['GetUser', 'FindUser', 'BatchGetUsers', 'ListUsers', 'CheckUser'];
const USERS = [...USER_READS, 'CreateUser', 'UpdateUser', 'PatchUser', 'DeleteUser'];
const GROUP_READS = ['GetGroup', 'ListGroups', 'ListMemberships', 'CheckMembership'];
const GROUPS = [...GROUP_READS, 'CreateGroup', 'UpdateGroup', 'PatchGroup', 'DeleteGroup'];
const SIGNING_IN = ['FindSsoConnections', 'SignIn', 'CheckSession', 'SignOut', 'RevokeUserSessions', 'UseOnce'];
const SERVING = ['VerifyApiToken', 'AcquirePermits', 'RecordActivities', 'GetOrganization'];
const ALLOWED: Record<Role, string[]> = {
  edge: [...USERS, ...GROUPS, ...SIGNING_IN, ...SERVING],
  reader: [...USER_READS, ...GROUP_READS, 'GetOrganization', 'CheckSession'],
  admin: paths.map((path) => path.slice(path.lastIndexOf('/') + 1)),
};

describe('the caller check', () => {
  for (const role of ROLES) {
    it(`lets the role "${role}" make these calls and no other: ${ALLOWED[role].join(', ')}`, () => {
      const allowed = paths.filter((path) => {
        try {
          check(call(`Bearer token-of-${role}`), path);
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
    const caller = check(call('bearer token-of-edge'), '/userstore.v1.UserService/GetUser');
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
      expect(() => check(call(header), paths[0] ?? ''))
        .to.throw(DomainError)
        .include({ reason: 12 });
    });
  }

  for (const role of ROLES) {
    it(`lets a certificate of the role "${role}" make the calls of that role and no other, whatever the token`, () => {
      for (const token of [undefined, 'Bearer token-of-admin']) {
        const allowed = paths.filter((path) =>
          isAllowed(call(token, `DNS:edge, URI:urn:leasehawk:role:${role}`), path),
        );
        expect(allowed.map((path) => path.slice(path.lastIndexOf('/') + 1))).to.have.members(ALLOWED[role]);
      }
    });
  }
  const isAllowed = (sent: ReturnType<typeof call>, path: string) => {
    try {
      return check(sent, path).name === 'the certified';
    } catch (error) {
      expect(error).to.be.instanceOf(DomainError).and.include({ reason: 13 });
      return false;
    }
  };

  for (const names of [
    '',
    'DNS:edge',
    'URI:urn:leasehawk:role:owner',
    'URI:urn:leasehawk:role:admin2',
    'URI:urn:leasehawk:role:',
    'URI:urn:other:role:admin',
    'DNS:urn:leasehawk:role:admin',
    'URI:urn:leasehawk:role:reader, URI:urn:leasehawk:role:admin',
    // One name, in the quotes in which Node writes what could be taken for two.
    'DNS:"edge, URI:urn:leasehawk:role:admin, x"',
    'URI:"urn:leasehawk:role:admin"',
  ]) {
    it(`knows no caller by a certificate with the names ${JSON.stringify(names)}, whatever the token`, () => {
      for (const token of [undefined, 'Bearer token-of-admin']) {
        expect(() => check(call(token, names), paths[0] ?? ''))
          .to.throw(DomainError)
          .include({ reason: 12 });
      }
    });
  }

  it('tells no secret in its refusals', () => {
    expect(() => check(call('Bearer token-of-reader'), UserServiceService.createUser.path))
      .to.throw()
      .not.match(/token-of/);
    expect(() => check(call('Bearer s3cret'), paths[2] ?? '')).to.throw(/^(?!.*s3cret)/);
  });
});
