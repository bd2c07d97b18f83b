/** Decoding of requests and encoding of responses. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';
import type { Filter } from '../../proto/gen/userstore/v1/filter.js';
import {
  GroupServiceService,
  ListMembershipsResponse,
  PatchGroupRequest,
  UpdateGroupRequest,
} from '../../proto/gen/userstore/v1/group_service.js';
import {
  CreateUserRequest,
  ListUsersRequest,
  ListUsersResponse,
  UserServiceService,
} from '../../proto/gen/userstore/v1/user_service.js';
import { decoded, decodedInTurns, LargeRequest, MAX_BYTES_AT_ONCE } from '../../userstore/rpc/decoding.js';
import { encoded, encodedInTurns } from '../../userstore/rpc/messages.js';
import { statusOf } from '../../userstore/rpc/status.js';
import { addMembers } from '../harness/groups.js';
import { equal, not } from '../harness/users.js';

const { requestDeserialize, responseSerialize } = UserServiceService.listUsers;
const nested = (depth: number): Filter => (depth === 0 ? equal('user_name', 'ana') : not(nested(depth - 1)));
const requestWith = (depth: number) => {
  const request: ListUsersRequest = { organizationId: 'acme', filter: nested(depth), order: undefined, skip: 0 };
  return Buffer.from(ListUsersRequest.encode(request).finish());
};

describe('a request', () => {
  it('with a filter 40 levels deep is decoded', () => {
    const request = decoded(requestWith(40), requestDeserialize) as ListUsersRequest;
    expect(Buffer.from(ListUsersRequest.encode(request).finish())).to.deep.equal(requestWith(40));
  });

  it('with a filter 1500 levels deep is FILTER_UNSUPPORTED', () => {
    expect(decoded(requestWith(1500), requestDeserialize)).to.include({
      reason: ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED,
    });
  });

  it('that is cut is FIELD_INVALID', () => {
    expect(decoded(requestWith(2).subarray(0, -1), requestDeserialize)).to.include({
      reason: ErrorReason.ERROR_REASON_FIELD_INVALID,
    });
  });
});

describe('a large request', () => {
  const ids = (count: number) => Array.from({ length: count }, () => randomUUID());
  const { patchGroup, updateGroup } = GroupServiceService;
  const operations = ids(3000).map((id) => addMembers(id, ...ids(3)));
  const patch: PatchGroupRequest = PatchGroupRequest.fromPartial({ organizationId: 'acme', groupId: 'g', operations });
  const update = UpdateGroupRequest.fromPartial({ organizationId: 'acme', group: { displayName: 'Staff' } });
  const requests: [string, Buffer, (bytes: Buffer) => object][] = [
    [
      'with fields before and after its list',
      patchGroup.requestSerialize({ ...patch, etag: '3', requestId: randomUUID() }),
      patchGroup.requestDeserialize,
    ],
    ['with none after it', patchGroup.requestSerialize(patch), patchGroup.requestDeserialize],
    [
      'with two lists, one of which may be absent',
      updateGroup.requestSerialize({ ...update, memberIds: ids(10_000), updateMask: ['members', 'display_name'] }),
      updateGroup.requestDeserialize,
    ],
    [
      'with one field larger than a part',
      patchGroup.requestSerialize({ ...patch, operations: [addMembers(...ids(10_000))] }),
      patchGroup.requestDeserialize,
    ],
  ];

  for (const [kind, bytes, decode] of requests) {
    it(`${kind} is decoded in turns, as it is at once`, async () => {
      let turns = 0;
      let isOver = false;
      const count = () => {
        turns++;
        if (!isOver) setImmediate(count);
      };
      setImmediate(count);
      const request = await decodedInTurns(new LargeRequest(bytes, decode));
      isOver = true;
      expect(request).to.deep.equal(decode(bytes));
      expect(bytes.length).to.be.greaterThan(2 * MAX_BYTES_AT_ONCE);
      const parts = kind.includes('one field') ? 1 : Math.floor(bytes.length / MAX_BYTES_AT_ONCE);
      expect(turns).to.be.at.least(parts);
    });
  }

  it('is decoded no further when its caller has left', async () => {
    let decodings = 0;
    const decode = (bytes: Buffer) => {
      decodings++;
      return patchGroup.requestDeserialize(bytes);
    };
    const gone = new LargeRequest(patchGroup.requestSerialize(patch), decode);
    expect(await decodedInTurns(gone, () => true)).to.equal(undefined);
    expect(decodings).to.equal(0);
  });

  it('that is cut is FIELD_INVALID', async () => {
    const bytes = patchGroup.requestSerialize(patch).subarray(0, -1);
    expect(await decodedInTurns(new LargeRequest(bytes, patchGroup.requestDeserialize))).to.include({
      reason: ErrorReason.ERROR_REASON_FIELD_INVALID,
    });
  });

  it('with a field of more than 6 MiB is FIELD_INVALID, and the field is not decoded', async () => {
    const { createUser } = UserServiceService;
    const decodings: number[] = [];
    const decode = (bytes: Buffer) => {
      decodings.push(bytes.length);
      return createUser.requestDeserialize(bytes);
    };
    const withTitle = (length: number) =>
      createUser.requestSerialize(CreateUserRequest.fromPartial({ user: { title: 'z'.repeat(length) } }));
    const most = 6 * 1024 * 1024;
    expect(await decodedInTurns(new LargeRequest(withTitle(most), decode))).to.include({
      reason: ErrorReason.ERROR_REASON_FIELD_INVALID,
      message: 'A field of the request has more than 6 MiB.',
    });
    expect(Math.max(...decodings)).to.equal(0);
    expect(await decodedInTurns(new LargeRequest(withTitle(most - 20), decode))).to.have.nested.property('user.title');
  });

  it('with a filter that is nested too deep is FILTER_UNSUPPORTED', async () => {
    expect(await decodedInTurns(new LargeRequest(requestWith(1500), requestDeserialize))).to.include({
      reason: ErrorReason.ERROR_REASON_FILTER_UNSUPPORTED,
    });
  });
});

describe('a response', () => {
  it('that is larger than callers accept fails as INTERNAL, not as an overload', () => {
    const response = { users: [], totalSize: 1, eventCursor: '' };
    expect(encoded(response, responseSerialize, 2)).to.have.length(2);
    let failure: unknown;
    try {
      encoded(response, responseSerialize, 1);
    } catch (error) {
      failure = error;
    }
    expect(failure).to.be.instanceOf(Error);
    expect(statusOf(failure)).to.deep.equal({ code: 13, details: 'The service failed; its log says why.' });
  });

  it('with a long list is encoded in turns, and is the same message', async () => {
    const users = Array.from({ length: 95 }, (_, index) => ({
      id: `${index}`,
      photos: [{ value: 'x'.repeat(40_000) }],
    }));
    for (const more of [{ totalSize: 7, nextPageToken: 'token' }, { totalSize: 0 }]) {
      const response = ListUsersResponse.fromPartial({ ...more, users });
      const turns: number[] = [];
      const timer = setInterval(() => turns.push(performance.now()), 0);
      const bytes = await encodedInTurns(response, responseSerialize);
      clearInterval(timer);
      expect(ListUsersResponse.decode(bytes)).to.deep.equal(response);
      expect(turns.length).to.be.greaterThan(2);
    }
  });

  it('with two lists has the elements of each once', async () => {
    const memberships = Array.from({ length: 50 }, (_, index) => ({ groupId: 'g', userId: `${index}`, display: 'x' }));
    const response = ListMembershipsResponse.fromPartial({ memberships, absentGroupIds: ['a', 'b'] });
    const encode = (message: ListMembershipsResponse) => Buffer.from(ListMembershipsResponse.encode(message).finish());
    expect(ListMembershipsResponse.decode(await encodedInTurns(response, encode))).to.deep.equal(response);
  });
});
