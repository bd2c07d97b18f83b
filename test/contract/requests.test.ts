/** Every call of the contract requires a caller with the right role, an organization and an actor. */
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { UserstoreError } from '../../client/errors.js';
import type { Activity } from '../../proto/gen/userstore/v1/activity_service.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';
import { addMembers, groupNamed } from '../harness/groups.js';
import { testMongodbUri } from '../harness/mongod.js';
import { sharedPair } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { add, userNamed } from '../harness/users.js';
import { actor, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

interface Named {
  organizationId: string;
  actor: ReturnType<typeof actor> | undefined;
}

/** Every call there is, on things that are not there; which roles may make it; whether it is a change. */
const CALLS: Record<
  string,
  { roles: string[]; call: (client: UserstoreClient, named: Named) => Promise<unknown>; isChange?: true }
> = {
  GetUser: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.getUser({ ...named, userId: 'x' }),
  },
  ListUsers: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.listUsers({ ...named, filter: undefined, order: undefined, skip: 0 }),
  },
  FindUser: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.findUser({ ...named, by: { $case: 'userName', value: 'x' } }),
  },
  BatchGetUsers: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.batchGetUsers({ ...named, userIds: ['x'] }),
  },
  CheckUser: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.checkUser({ ...named, userId: 'x' }),
  },
  CreateUser: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.createUser({ ...named, user: userNamed('') }),
  },
  UpdateUser: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.updateUser({ ...named, userId: 'x', user: userNamed('x'), updateMask: ['*'] }),
  },
  PatchUser: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.patchUser({ ...named, userId: 'x', operations: [add('title', { title: 'x' })] }),
  },
  DeleteUser: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.deleteUser({ ...named, userId: 'x' }),
  },
  GetGroup: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.getGroup({ ...named, groupId: 'x' }),
  },
  ListGroups: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.listGroups({ ...named, filter: undefined, order: undefined, skip: 0 }),
  },
  ListMemberships: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.listMemberships({ ...named, groupIds: ['x'] }),
  },
  CheckMembership: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.checkMembership({ ...named, groupId: 'x', userId: 'x' }),
  },
  CreateGroup: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.createGroup({ ...named, group: groupNamed(''), memberIds: [] }),
  },
  UpdateGroup: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) =>
      client.updateGroup({ ...named, groupId: 'x', group: groupNamed('x'), updateMask: ['*'], memberIds: [] }),
  },
  PatchGroup: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.patchGroup({ ...named, groupId: 'x', operations: [addMembers('x')] }),
  },
  DeleteGroup: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.deleteGroup({ ...named, groupId: 'x' }),
  },
  VerifyApiToken: {
    roles: ['edge', 'admin'],
    call: (client, named) => client.verifyApiToken({ ...named, secretDigest: Buffer.alloc(32) }),
  },
  CreateApiToken: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.createApiToken({ ...named, label: 'x' }),
  },
  ListApiTokens: { roles: ['viewer', 'support', 'admin'], call: (client, named) => client.listApiTokens(named) },
  RevokeApiToken: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.revokeApiToken({ ...named, apiTokenId: 'x' }),
  },
  ListEvents: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client) => client.listEvents({ types: [], startTime: undefined }),
  },
  CreateWebhook: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.createWebhook({ actor, webhook: undefined }),
  },
  ListWebhooks: { roles: ['viewer', 'support', 'admin'], call: (client) => client.listWebhooks({}) },
  GetWebhook: { roles: ['viewer', 'support', 'admin'], call: (client) => client.getWebhook({ webhookId: 'x' }) },
  RotateWebhookSecret: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.rotateWebhookSecret({ actor, webhookId: 'x', overlapSeconds: 0 }),
  },
  UpdateWebhook: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.updateWebhook({ actor, webhookId: 'x', change: undefined }),
  },
  DeleteWebhook: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.deleteWebhook({ actor, webhookId: 'x' }),
  },
  AcquireWebhooks: { roles: ['edge', 'admin'], call: (client) => client.acquireWebhooks({ holder: 'x' }) },
  ReportDelivery: {
    roles: ['edge', 'admin'],
    call: (client) =>
      client.reportDelivery({ webhookId: 'x', fence: 1, attempts: [], gone: false, cursorRefused: false }),
  },
  CreateServiceAccount: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.createServiceAccount({ actor, serviceAccount: undefined }),
  },
  ListServiceAccounts: { roles: ['viewer', 'support', 'admin'], call: (client) => client.listServiceAccounts({}) },
  RotateServiceAccountSecret: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.rotateServiceAccountSecret({ actor, serviceAccountId: 'x', overlapSeconds: 0 }),
  },
  DeleteServiceAccount: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.deleteServiceAccount({ actor, serviceAccountId: 'x' }),
  },
  GetOrganization: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client, named) => client.getOrganization(named),
  },
  CreateOrganization: {
    roles: ['admin'],
    isChange: true,
    call: (client, { actor }) => client.createOrganization({ actor, displayName: '' }),
  },
  UpdateOrganization: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.updateOrganization({ ...named, organization: undefined, updateMask: [] }),
  },
  KeepAllBodies: {
    roles: ['support', 'admin'],
    isChange: true,
    call: (client, named) => client.keepAllBodies({ ...named, seconds: 60 }),
  },
  DeleteOrganization: { roles: ['admin'], isChange: true, call: (client, named) => client.deleteOrganization(named) },
  RotateApiToken: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.rotateApiToken({ ...named, apiTokenId: 'x', overlapSeconds: 0 }),
  },
  AcquirePermits: { roles: ['edge', 'admin'], call: (client, named) => client.acquirePermits({ ...named, count: 1 }) },
  RecordActivities: {
    roles: ['edge', 'admin'],
    call: (client, { organizationId }) => client.recordActivities({ activities: [activityOf(organizationId)] }),
  },
  ListActivities: {
    roles: ['viewer', 'support', 'admin'],
    call: (client, named) => client.listActivities(listing(named)),
  },
  RecordActivityBodies: { roles: ['edge', 'admin'], call: (client) => client.recordActivityBodies({ bodies: [] }) },
  GetActivityBody: {
    roles: ['viewer', 'support', 'admin'],
    call: (client, named) => client.getActivityBody({ ...named, activityId: 'x' }),
  },
  ListChanges: {
    roles: ['viewer', 'support', 'admin'],
    call: (client, named) => client.listChanges({ ...named, userId: 'x' }),
  },
  Search: { roles: ['viewer', 'support', 'admin'], call: (client) => client.search({ text: 'x' }) },
  FindNames: { roles: ['viewer', 'support', 'admin'], call: (client) => client.findNames({ ids: ['x'] }) },
  ListOrganizations: {
    roles: ['reader', 'viewer', 'support', 'admin'],
    call: (client) => client.listOrganizations({}),
  },
  SetSsoConnection: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.setSsoConnection({ ...named, connection: undefined }),
  },
  GetSsoConnection: { roles: ['viewer', 'support', 'admin'], call: (client, named) => client.getSsoConnection(named) },
  DeleteSsoConnection: { roles: ['admin'], isChange: true, call: (client, named) => client.deleteSsoConnection(named) },
  FindSsoConnections: { roles: ['edge', 'admin'], call: (client) => client.findSsoConnections({ key: undefined }) },
  SignIn: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.signIn({ ...named, issuer: 'x', subject: 'x' }),
  },
  CheckSession: {
    roles: ['edge', 'reader', 'viewer', 'support', 'admin'],
    call: (client) => client.checkSession({ sessionToken: 'x' }),
  },
  SignOut: { roles: ['edge', 'admin'], call: (client) => client.signOut({ sessionToken: 'x' }) },
  ListSessions: { roles: ['viewer', 'support', 'admin'], call: (client, named) => client.listSessions(named) },
  EndSessions: {
    roles: ['support', 'admin'],
    isChange: true,
    call: (client, named) => client.endSessions({ ...named, which: undefined }),
  },
  RevokeUserSessions: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, named) => client.revokeUserSessions({ ...named, user: undefined }),
  },
  UseOnce: { roles: ['edge', 'admin'], call: (client) => client.useOnce({ key: 'x', expireTime: undefined }) },
  LockUser: {
    roles: ['support', 'admin'],
    isChange: true,
    call: (client, named) => client.lockUser({ ...named, userId: 'x', reason: 'x' }),
  },
  UnlockUser: {
    roles: ['support', 'admin'],
    isChange: true,
    call: (client, named) => client.unlockUser({ ...named, userId: 'x' }),
  },
  UnlinkUser: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.unlinkUser({ ...named, userId: 'x' }),
  },
  CreateSetupLink: {
    roles: ['admin'],
    isChange: true,
    call: (client, named) => client.createSetupLink({ ...named, recipient: 'x', domains: [] }),
  },
  ListSetupLinks: { roles: ['viewer', 'support', 'admin'], call: (client, named) => client.listSetupLinks(named) },
  RevokeSetupLink: {
    roles: ['support', 'admin'],
    isChange: true,
    call: (client, named) => client.revokeSetupLink({ ...named, setupLinkId: 'x' }),
  },
  OpenSetupLink: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, { actor }) => client.openSetupLink({ actor, secret: 'x', address: 'x' }),
  },
  IssueSetupToken: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, { actor }) => client.issueSetupToken({ actor, secret: 'x' }),
  },
  SetSetupConnection: {
    roles: ['edge', 'admin'],
    isChange: true,
    call: (client, { actor }) => client.setSetupConnection({ actor, secret: 'x', issuer: 'x', clientId: 'x' }),
  },
};

/** Calls that name no organization: they find one, create one, or concern none. */
const OF_NO_ORGANIZATION = [
  'CreateOrganization',
  'ListOrganizations',
  'Search',
  'FindNames',
  'RecordActivities',
  'RecordActivityBodies',
  'FindSsoConnections',
  'CheckSession',
  'SignOut',
  'UseOnce',
  'ListEvents',
  'CreateWebhook',
  'ListWebhooks',
  'GetWebhook',
  'RotateWebhookSecret',
  'UpdateWebhook',
  'DeleteWebhook',
  'AcquireWebhooks',
  'ReportDelivery',
  'OpenSetupLink',
  'IssueSetupToken',
  'SetSetupConnection',
  'CreateServiceAccount',
  'ListServiceAccounts',
  'RotateServiceAccountSecret',
  'DeleteServiceAccount',
];

const listing = (named: { organizationId: string }) => ({ ...named, since: undefined, until: undefined });
const activityOf = (organizationId: string): Activity => ({
  id: uuidv7(),
  organizationId,
  time: new Date(),
  method: 'GET',
  path: '/Users',
  status: 200,
  durationMs: 1,
  change: undefined,
});

describe('every call to userstore', () => {
  const clients: Record<string, UserstoreClient> = {};
  const client = (role: string) => {
    const found = clients[role];
    if (!found) throw new Error(`no client for ${role}`);
    return found;
  };
  before(async () => {
    const { address } = await sharedPair();
    for (const [role, token] of Object.entries(SERVICE_TOKENS)) clients[role] = userstoreClient(address, token);
    clients.nobody = userstoreClient(address, undefined);
    clients.unknown = userstoreClient(address, 'a-service-token-that-nobody-gave');
  });
  after(() => {
    for (const client of Object.values(clients)) client.close();
  });

  const named = { organizationId: 'nobody2here', actor: actor() };

  for (const [name, { roles, call, isChange }] of Object.entries(CALLS)) {
    it(`${name} is CALLER_UNKNOWN without a service token and with one that is not known`, async () => {
      const unknown = { code: 'UNAUTHENTICATED', reason: 'CALLER_UNKNOWN' };
      expect(await failureIn(call(client('nobody'), named))).to.deep.equal(unknown);
      expect(await failureIn(call(client('unknown'), named))).to.deep.equal(unknown);
    });

    it(`${name} may be called by ${roles.join(', ')}, and is CALLER_FORBIDDEN to others`, async () => {
      for (const role of Object.keys(SERVICE_TOKENS)) {
        const failure = await failureIn(call(client(role), named).then(() => Promise.reject(SUCCESS)));
        const forbidden = failure.reason === 'CALLER_FORBIDDEN' && failure.code === 'PERMISSION_DENIED';
        expect(forbidden, `${role}: ${JSON.stringify(failure)}`).to.equal(!roles.includes(role));
      }
    });

    if (!OF_NO_ORGANIZATION.includes(name)) {
      it(`${name} without an organization is FIELD_INVALID in organization_id`, async () => {
        const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'organization_id' };
        expect(await failureIn(call(client('admin'), { ...named, organizationId: '' }))).to.deep.equal(failure);
      });
    }

    if (isChange) {
      it(`${name} without an actor is FIELD_INVALID in actor`, async () => {
        const failure = { code: 'INVALID_ARGUMENT', reason: 'FIELD_INVALID', field: 'actor' };
        expect(await failureIn(call(client('admin'), { ...named, actor: undefined }))).to.deep.equal(failure);
      });
    }
  }

  it('is named here, so that none is forgotten', () => {
    const { close: _close, checkHealth: _health, watchEvents: _watch, ...calls } = client('admin');
    const names = Object.keys(calls).map((name) => (name[0] ?? '').toUpperCase() + name.slice(1));
    expect(Object.keys(CALLS)).to.have.members(names);
  });

  it('that names an organization which does not exist finds nothing there, and makes nothing', async () => {
    const edge = client('edge');
    const { users, totalSize } = await edge.listUsers({ ...named, filter: undefined, order: undefined, skip: 0 });
    expect([users.length, totalSize]).to.deep.equal([0, 0]);
    expect(await failureIn(client('admin').createApiToken({ ...named, label: 'x' }))).to.deep.equal({
      code: 'NOT_FOUND',
      reason: 'ORGANIZATION_NOT_FOUND',
    });
  });
});

describe('every call to userstore, over mutual TLS', function () {
  this.timeout(30_000);
  const clients = new Map<string, UserstoreClient>();
  let folder: Folder;
  let pair: Pair;
  before(async () => {
    folder = await certificatesOfTests();
    pair = await startPair(testMongodbUri(`mutual-tls-${process.pid}`), tlsVariables(folder));
    for (const role of [...Object.keys(SERVICE_TOKENS), 'nobody', 'owner']) {
      clients.set(role, userstoreClient(pair.address, undefined, 5000, { certificates: await folder.clientOf(role) }));
    }
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await pair.stop();
    await folder.remove();
  });

  const named = { organizationId: 'nobody2here', actor: actor() };
  const reasonOf = async (role: string, call: (typeof CALLS)[string]['call']) => {
    const client = clients.get(role) as UserstoreClient;
    return (await failureIn(call(client, named).then(() => Promise.reject(SUCCESS)))).reason;
  };

  for (const [name, { roles, call }] of Object.entries(CALLS)) {
    it(`${name} is CALLER_FORBIDDEN unless the certificate says ${roles.join(', ')}`, async () => {
      for (const role of Object.keys(SERVICE_TOKENS)) {
        const reason = await reasonOf(role, call);
        expect(reason === 'CALLER_FORBIDDEN', `${role}: ${reason}`).to.equal(!roles.includes(role));
        expect(reason, role).not.to.equal('CALLER_UNKNOWN');
      }
    });

    it(`${name} is CALLER_UNKNOWN with a certificate that says no role, or none that there is`, async () => {
      for (const role of ['nobody', 'owner']) expect(await reasonOf(role, call)).to.equal('CALLER_UNKNOWN');
    });
  }
});

/** Stands for success where only refusals are looked at. */
const SUCCESS = new UserstoreError('success', 'OK');
