/** Roles: which caller may call which RPC. */
import type { PeerCertificate } from 'node:tls';
import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { GroupServiceService } from '../../proto/gen/userstore/v1/group_service.js';
import { UserServiceService } from '../../proto/gen/userstore/v1/user_service.js';
import { DomainError } from '../../userstore/model/domain-error.js';
import { createCallerCheck } from '../../userstore/rpc/callers.js';
import { ROLES, type Role } from '../../userstore/rpc/permissions.js';

const check = createCallerCheck(new Map(ROLES.map((role) => [`token-of-${role}`, { name: `the ${role}`, role }])));
/** A call with this header, and with a certificate that has these alternative names. */
const call = (authorization?: string, subjectaltname?: string) => {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  const sslPeerCertificate = { subject: { CN: 'the certified' }, subjectaltname } as PeerCertificate;
  return { metadata, getAuthContext: () => (subjectaltname === undefined ? {} : { sslPeerCertificate }) };
};
const paths = [UserServiceService, GroupServiceService].flatMap((service) =>
  Object.values(service).map(({ path }) => path as string),
);
const USER_READS = ['GetUser', 'FindUser', 'BatchGetUsers', 'ListUsers', 'CheckUser'];
const READS = [...USER_READS, 'GetGroup', 'ListGroups', 'ListMemberships', 'CheckMembership'];
const ALL = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
/** The calls on users and groups; test/contract/requests.test.ts has all. */
const ALLOWED: Record<Role, string[]> = { edge: ALL, reader: READS, viewer: READS, support: READS, admin: ALL };

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

  it('holds a certificate to the organizations that it names', () => {
    const named = (ids: string[]) => ids.map((id) => `, URI:urn:leasehawk:organization:${id}`).join('');
    const of = (ids: string[]) => check(call(undefined, `URI:urn:leasehawk:role:reader${named(ids)}`), paths[0] ?? '');
    expect(of(['acme', 'oak'])).to.deep.include({ role: 'reader', organizationIds: ['acme', 'oak'] });
    expect(of([])).not.to.have.property('organizationIds');
  });

  it('holds a certificate with a token to the organizations of both', () => {
    const held = new Map([
      ['a-held-token', { name: 'held', role: 'reader' as const, organizationIds: ['acme', 'oak'] }],
    ]);
    const of = (names: string) =>
      createCallerCheck(held)(call('Bearer a-held-token', `URI:urn:leasehawk:role:reader${names}`), paths[0] ?? '');
    expect(of('').organizationIds).to.deep.equal(['acme', 'oak']);
    expect(of(', URI:urn:leasehawk:organization:oak').organizationIds).to.deep.equal(['oak']);
    expect(of(', URI:urn:leasehawk:organization:elm').organizationIds).to.deep.equal([]);
  });

  it('lets no role make a call that the contract does not have', () => {
    for (const role of ROLES) {
      expect(() => check(call(`Bearer token-of-${role}`), '/userstore.v1.UserService/Forget'))
        .to.throw(DomainError)
        .include({ reason: 13 });
    }
  });

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
