/** A made-up customer with everything that pages show, one without anything, and one whose Okta is hostile. */
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { parseSchema } from '../../proto/schema-file.js';
import { startConsole, type TestConsole } from '../harness/console.js';
import { type Okta, startOkta } from '../harness/okta.js';
import { createTenant, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { CORE_USER, ENTERPRISE_USER } from '../harness/scim.js';
import { expireLink } from '../harness/setup-links.js';
import { type SignInPair, startSignInPair } from '../harness/sign-in.js';
import { newConnection, newSubject, setConnection, vouchedFor } from '../harness/sso.js';
import { actor, eventually, userstoreClient } from '../harness/userstore.js';
import { startReceiver } from '../webhooks/receiver.js';

const NAMES = [
  'Ana Ruiz',
  'Ben Okoye',
  'Chloe Martin',
  'Dev Patel',
  'Elif Kaya',
  'Farid Haddad',
  'Grace Lin',
  'Hugo Silva',
];
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const CLIENT = { clientId: '0oa1abcdEFGH2ijkl5d7', clientSecret: 'the-secret-of-the-app-at-the-provider' };
const RECIPIENT = 'Lea Moreno, lea@oakstreet.example';
/** A name that is a script, turns the text after it round, and is as long as an attribute may be. */
const HOSTILE = `<script>document.title = "broken"</script><img src=x onerror=alert(1)>\u202e${'W'.repeat(1900)}`;
/** The same as the name of an organization, which has no marks of direction and 200 characters. */
const LABEL = HOSTILE.replace('\u202e', '').slice(0, 200);
const SCHEMA = `{ "id": "urn:oakstreet:1.0:User", "name": "Oak Street", "description": "Offices of Oak Street", "attributes": [
  { "name": "office", "type": "string", "description": "The office where the person works", "caseExact": true },
  { "name": "keys", "type": "complex", "multiValued": true, "description": "Keys that the person has",
    "subAttributes": [{ "name": "door", "type": "string" }, { "name": "until", "type": "dateTime" }] } ] }`;

const loginOf = (name: string) => `${name.toLowerCase().replace(' ', '.')}@oakstreet.example`;

const userOf = (name: string) => {
  const [givenName, familyName] = name.split(' ');
  return {
    schemas: [CORE_USER, ENTERPRISE_USER],
    userName: loginOf(name),
    externalId: `00u${name.length}${name.charCodeAt(0)}`,
    name: { givenName, familyName },
    displayName: name,
    title: 'Leasing agent',
    emails: [{ value: loginOf(name), type: 'work', primary: true }],
    [ENTERPRISE_USER]: { department: 'Leasing' },
  };
};

/** The ids of what a customer has. */
export interface Customer extends Tenant {
  userIds: string[];
  groupId: string;
  /** The reference of a request that failed. */
  failedId: string;
  /** The secret of a setup link, and its id. */
  linkSecret: string;
  linkId: string;
}

/** The services with three organizations. */
export interface Example {
  pair: SignInPair;
  running: TestConsole;
  customer: Customer;
  empty: string;
  hostile: Customer;
  suspended: string;
  webhookIds: string[];
  /** Secrets of setup links that have ended. */
  ended: { revoked: string; expired: string; suspended: string };
  stop: () => Promise<void>;
}

const idOf = (answer: { headers: Headers }) => answer.headers.get('x-request-id') ?? '';

/** Sends what the customer's Okta would: new users, a group, a change, a leaver, and a name that is taken. */
async function provision({ scim }: Tenant) {
  const userIds: string[] = [];
  for (const name of NAMES) userIds.push((await scim('POST', '/Users', userOf(name))).body.id);
  const members = userIds.slice(0, 5).map((value) => ({ value }));
  const group = await scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Leasing', members });
  const patch = (path: string, operation: object) => scim('PATCH', path, { schemas: [PATCH], Operations: [operation] });
  await patch(`/Users/${userIds[0]}`, { op: 'replace', value: { title: 'Leasing manager' } });
  let failedId = '';
  for (let count = 0; count < 3; count++) failedId = idOf(await scim('POST', '/Users', userOf('Ben Okoye')));
  await patch(`/Groups/${group.body.id}`, { op: 'remove', path: `members[value eq "${userIds[4]}"]` });
  await patch(`/Users/${userIds[0]}`, { op: 'replace', value: { active: false } });
  return { userIds, groupId: group.body.id as string, failedId };
}

/** Sends what no Okta would: names that are scripts, and 1,000 e-mail addresses. */
async function attack({ scim }: Tenant) {
  const emails = Array.from({ length: 1000 }, (_, index) => ({ value: `eve.${index}@hostile.example` }));
  const names = { givenName: HOSTILE, familyName: HOSTILE };
  const user = { schemas: [CORE_USER, ENTERPRISE_USER], userName: HOSTILE.slice(0, 250), name: names, emails };
  const more = { displayName: HOSTILE, title: HOSTILE, externalId: HOSTILE.slice(0, 200) };
  const enterprise = { [ENTERPRISE_USER]: { department: HOSTILE, manager: { displayName: HOSTILE } } };
  const { body } = await scim('POST', '/Users', { ...user, ...more, ...enterprise });
  const failed = await scim('POST', '/Users', { ...user, ...more, ...enterprise });
  const members = [{ value: body.id, display: HOSTILE }];
  const group = await scim('POST', '/Groups', { schemas: [GROUP], displayName: HOSTILE.slice(0, 250), members });
  await scim('PATCH', `/Users/${body.id}`, {
    schemas: [PATCH],
    Operations: [{ op: 'replace', value: { title: `${HOSTILE} again` } }],
  });
  return { userIds: [body.id as string], groupId: group.body.id as string, failedId: idOf(failed) };
}

/** Starts the services, and lets Okta and staff do everything that pages show. */
export async function startExample(): Promise<Example> {
  const name = 'example';
  const pair = await startSignInPair(name, { WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
  const { admin } = pair;
  const receiver = await startReceiver();
  const running = await startConsole(pair.address, 'https://scim.leasehawk.example');
  const okta: Okta = await startOkta([], {
    ...CLIENT,
    redirectUri: `${pair.publicUrl}/login/return/any`,
    signOutUri: `${pair.publicUrl}/logout`,
  });
  const staff = { ...actor(), person: 'eva@leasehawk.example' };
  const tenant = async (displayName: string): Promise<Tenant> => {
    const created = await createTenant(pair);
    await change(created.organizationId, { displayName, rateLimit: undefined }, ['display_name', 'rate_limit']);
    return created;
  };
  const change = async (organizationId: string, values: object, updateMask: string[]) => {
    const { organization } = await admin.getOrganization({ organizationId });
    const changed = { ...organization, ...values } as NonNullable<typeof organization>;
    await admin.updateOrganization({ organizationId, actor: staff, organization: changed, updateMask });
  };
  const link = async (organizationId: string, recipient = RECIPIENT) => {
    const made = await admin.createSetupLink({ organizationId, actor: staff, recipient, days: 7, domains: [] });
    return { linkSecret: made.secret, linkId: made.setupLink?.id ?? '' };
  };

  const oak = await tenant('Oak Street Properties');
  const { organizationId } = oak;
  await change(organizationId, { extensionSchemas: [parseSchema(SCHEMA)] }, ['extension_schemas']);
  const connection = { issuer: 'https://oakstreet.okta.com', domains: ['oakstreet.example'] };
  await setConnection(admin, organizationId, newConnection(connection));
  const customer: Customer = { ...oak, ...(await provision(oak)), ...(await link(organizationId)) };
  const chloe = customer.userIds[2] ?? '';
  await admin.lockUser({ organizationId, actor: staff, userId: chloe, reason: 'lost laptop' });
  const edge = userstoreClient(pair.address, SERVICE_TOKENS.edge);
  const vouched = { organizationId, issuer: connection.issuer };
  await edge.signIn(vouchedFor(vouched, newSubject(), { preferredUsername: loginOf('Ben Okoye') }));

  const foe = await tenant('Hostile');
  await setConnection(
    admin,
    foe.organizationId,
    newConnection({ issuer: okta.issuer, clientId: CLIENT.clientId }),
    CLIENT.clientSecret,
  );
  const hostile: Customer = {
    ...foe,
    ...(await attack(foe)),
    ...(await link(foe.organizationId, LABEL)),
  };
  await change(foe.organizationId, { displayName: LABEL }, ['display_name']);

  const created = await admin.createOrganization({ actor: staff, displayName: 'Willow Court' });
  const closed = await tenant('Elm Park Homes');
  const ended = {
    revoked: await link(organizationId),
    expired: await link(organizationId),
    suspended: await link(closed.organizationId),
  };
  await admin.revokeSetupLink({ organizationId, actor: staff, setupLinkId: ended.revoked.linkId });
  await expireLink(name, ended.expired.linkId);
  await change(closed.organizationId, { suspended: true }, ['suspended']);

  const webhookIds: string[] = [];
  for (const url of [receiver.url, 'http://127.0.0.1:9/nothing-listens-here']) {
    const webhook = Webhook.fromPartial({ url, organizationId, types: [] });
    webhookIds.push((await admin.createWebhook({ actor: staff, webhook })).webhook?.id ?? '');
  }
  for (const webhookId of webhookIds)
    await admin.updateWebhook({ actor: staff, webhookId, change: { $case: 'test', value: true } });
  for (const webhookId of webhookIds) {
    await eventually(
      'the webhook has an attempt',
      async () => (await admin.getWebhook({ webhookId })).attempts.length > 0,
    );
  }
  for (const { organizationId: id, failedId } of [customer, hostile]) {
    const asked = { organizationId: id, requestId: failedId, since: undefined, until: undefined };
    await eventually('the failure is recorded', async () => (await admin.listActivities(asked)).activities.length > 0);
    await eventually('its body is kept', async () =>
      Boolean((await admin.getActivityBody({ organizationId: id, activityId: failedId })).body),
    );
  }
  return {
    pair,
    running,
    customer,
    hostile,
    empty: created.organization?.id ?? '',
    suspended: closed.organizationId,
    webhookIds,
    ended: {
      revoked: ended.revoked.linkSecret,
      expired: ended.expired.linkSecret,
      suspended: ended.suspended.linkSecret,
    },
    async stop() {
      edge.close();
      await running.stop();
      await okta.stop();
      receiver.close();
      await pair.stop();
    },
  };
}
