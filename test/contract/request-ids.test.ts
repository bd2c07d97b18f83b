/**
 * Repeated changes, on every RPC of the contract's descriptors: a new RPC that changes something takes a `request_id`, or
 * stands below with the reason why a repeated call does no harm.
 */
import { readdir } from 'node:fs/promises';
import type { MethodDefinition } from '@grpc/grpc-js';
import { expect } from 'chai';

type Method = MethodDefinition<object, object>;

const GENERATED = new URL('../../proto/gen/userstore/v1/', import.meta.url);
/** The verbs of RPCs that change nothing. */
const READS = /\/(Get|BatchGet|List|Find|Verify|Check|Search|Watch)/;

/** The changing RPCs without a `request_id`, by the reason. */
const WITHOUT: Record<string, string[]> = {
  'It sets or ends a state, which a repeated call finds.': [
    'ApiTokenService/RevokeApiToken',
    'OrganizationService/UpdateOrganization',
    'OrganizationService/DeleteOrganization',
    'OrganizationService/KeepAllBodies',
    'ServiceAccountService/DeleteServiceAccount',
    'SessionService/SignOut',
    'SessionService/EndSessions',
    'SessionService/RevokeUserSessions',
    'SessionService/LockUser',
    'SessionService/UnlockUser',
    'SessionService/UnlinkUser',
    'SetupLinkService/RevokeSetupLink',
    'SetupLinkService/OpenSetupLink',
    'SetupLinkService/SetSetupConnection',
    'SsoConnectionService/SetSsoConnection',
    'SsoConnectionService/DeleteSsoConnection',
    'WebhookService/UpdateWebhook',
    'WebhookService/DeleteWebhook',
  ],
  'Only LeaseHawk staff make it, one at a time; they see what the first call made, and delete what is too much.': [
    'OrganizationService/CreateOrganization',
    'SetupLinkService/CreateSetupLink',
    'WebhookService/CreateWebhook',
    'WebhookService/RotateWebhookSecret',
  ],
  'A person presses a button for it; a link issues five tokens at most, and LeaseHawk staff see and revoke them.': [
    'SetupLinkService/IssueSetupToken',
  ],
  'Its name is unique, so a second creation is refused; the secret of a lost answer is rotated.': [
    'ServiceAccountService/CreateServiceAccount',
    'ServiceAccountService/RotateServiceAccountSecret',
  ],
  'Only edges make it, and it is made for one use: a repeated one costs unused permits, a session or a lease that expires.':
    [
      'ActivityService/RecordActivities',
      'ActivityService/RecordActivityBodies',
      'RateLimitService/AcquirePermits',
      'SessionService/SignIn',
      'SessionService/UseOnce',
      'WebhookService/AcquireWebhooks',
      'WebhookService/ReportDelivery',
    ],
};

const nameOf = ({ path }: Method) => path.slice(path.lastIndexOf('.') + 1);

/** Returns the changing RPCs whose requests have no field `request_id`. */
const unrepeatable = (methods: Method[]) =>
  methods
    .filter(
      ({ path, requestDeserialize }) => !READS.test(path) && !('requestId' in requestDeserialize(Buffer.alloc(0))),
    )
    .map(nameOf);

describe('changing RPCs', () => {
  let all: Method[];
  before(async () => {
    const files = (await readdir(GENERATED)).filter((file) => file.endsWith('_service.js'));
    const modules = await Promise.all(files.map((file) => import(new URL(file, GENERATED).href)));
    const services = modules.flatMap((module: Record<string, object>) =>
      Object.entries(module).filter(([name]) => name.endsWith('ServiceService')),
    );
    all = services.flatMap(([, service]) => Object.values(service) as Method[]);
  });

  it('take a request id, or do no harm when they are repeated', () => {
    expect(unrepeatable(all)).to.have.members(Object.values(WITHOUT).flat());
  });

  it('take a request id where services and edges change users and groups', () => {
    const names = all.filter(({ path }) => /\/(User|Group)Service\/|\.(User|Group)Service\//.test(path));
    expect(unrepeatable(names)).to.deep.equal([]);
    expect(names.length).to.be.greaterThan(15);
  });

  it('without one are found', () => {
    const [method] = all.filter((one) => nameOf(one) === 'GroupService/CreateGroup') as [Method];
    const lacking = { ...method, requestDeserialize: () => ({ organizationId: '' }) };
    expect(unrepeatable([method])).to.deep.equal([]);
    expect(unrepeatable([lacking])).to.deep.equal(['GroupService/CreateGroup']);
  });
});
