/** The commands on service accounts, and the command with the role of support. */
import { expect } from 'chai';
import { Role, ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import { SsoConnection } from '../../proto/gen/userstore/v1/sso_connection_service.js';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { runAdmin, succeeding } from '../harness/commands.js';
import { freshTenant, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { actor, userstoreClient } from '../harness/userstore.js';

describe('the admin command on service accounts', function () {
  this.timeout(120_000);
  let organizationId: string;
  let env: Record<string, string>;
  const name = `billing-${process.pid}`;

  before(async () => {
    ({ organizationId } = await freshTenant());
    env = { USERSTORE_ADDRESS: (await sharedPair()).address, ADMIN_TOKEN: SERVICE_TOKENS.admin };
  });

  const admin = (args: string[], token = SERVICE_TOKENS.admin) => runAdmin(args, { ...env, ADMIN_TOKEN: token });
  const secretIn = (text: string) => /leasehawk_[\w-]{43}/.exec(text)?.[0] ?? '';

  it('adds, lists, rotates and removes an account, whose secrets it prints once', async () => {
    const held = ['--role', 'reader', '--organization', organizationId];
    const added = await succeeding(admin(['service', 'add', name, ...held]));
    const secret = secretIn(added);
    expect(added).to.include(`${name} (reader)`);
    const listed = await succeeding(admin(['service', 'list']));
    expect(listed)
      .to.match(new RegExp(`${name} +reader .* admin/.*${organizationId}`))
      .and.not.to.include(secret);
    expect(JSON.parse(await succeeding(admin(['--json', 'org', 'list'], secret)))).to.have.length(1);
    const rotated = await succeeding(admin(['service', 'rotate', name, '--hours', '1']));
    expect(rotated).to.include('The old secret is valid until');
    for (const each of [secret, secretIn(rotated)]) await succeeding(admin(['org', 'list'], each));
    await succeeding(admin(['service', 'remove', name, '--yes']));
    for (const each of [secret, secretIn(rotated)]) {
      expect((await admin(['org', 'list'], each)).stderr).to.include('does not know this service token');
    }
    expect((await admin(['service', 'rotate', name])).stderr).to.include(`no service account "${name}"`);
  });

  it('refuses a role that there is not, and asks for one', async () => {
    expect((await admin(['service', 'add', name, '--role', 'owner'])).code).to.equal(2);
    expect((await admin(['service', 'add', name])).code).to.equal(2);
  });

  it('shows everything to the role "support", and says what that role may not do', async () => {
    const token = SERVICE_TOKENS.support;
    for (const args of [
      ['org', 'show', organizationId],
      ['org', 'list', '--counts'],
      ['token', 'list', organizationId],
      ['users', 'list', organizationId],
      ['groups', 'list', organizationId],
      ['session', 'list', organizationId],
      ['activity', organizationId],
      ['events', organizationId],
      ['webhook', 'list'],
      ['schema', 'list', organizationId],
      ['service', 'list'],
      ['session', 'end', organizationId, '--yes'],
    ]) {
      await succeeding(admin(args, token));
    }
    for (const args of [
      ['token', 'issue', organizationId],
      ['org', 'create', 'Oak'],
      ['org', 'suspend', organizationId, '--yes'],
      ['service', 'add', name, '--role', 'admin'],
      ['webhook', 'add', 'https://billing.example/events'],
    ]) {
      const { code, stderr } = await admin(args, token);
      expect([code, stderr]).to.deep.equal([1, stderr]);
      expect(stderr).to.include('The role "support" reads everything and changes locks and sessions only');
    }
  });

  it('shows the role "support" what belongs to its organizations if it is held to some', async () => {
    const other = (await freshTenant()).organizationId;
    const client = userstoreClient((await sharedPair()).address, SERVICE_TOKENS.admin);
    const webhookOf = async (owner: string) => {
      const webhook = Webhook.fromPartial({ organizationId: owner, url: 'https://billing.example/events' });
      return (await client.createWebhook({ actor: actor(), webhook })).webhook?.id ?? '';
    };
    const [ours, theirs] = [await webhookOf(organizationId), await webhookOf(other)];
    const domains = new Map([organizationId, other].map((id) => [id, `${id}.example`]));
    for (const [id, domain] of domains) {
      const values = { issuer: `https://${id}.okta.com`, clientId: id, domains: [domain] };
      const connection = SsoConnection.fromPartial({ organizationId: id, ...values });
      await client.setSsoConnection({ organizationId: id, actor: actor(), connection, clientSecret: 'secret' });
    }
    const values = { name: `${name}-held`, role: Role.ROLE_SUPPORT, organizationIds: [organizationId] };
    const serviceAccount = ServiceAccount.fromPartial(values);
    const { secret: token } = await client.createServiceAccount({ actor: actor(), serviceAccount });
    client.close();

    for (const args of [
      ['webhook', 'show', ours],
      ['webhook', 'list', organizationId],
      ['org', 'show', domains.get(organizationId) ?? ''],
      ['events'],
    ]) {
      await succeeding(admin(args, token));
    }
    const listed = JSON.parse(await succeeding(admin(['--json', 'webhook', 'list'], token)));
    expect(listed.map(({ id }: { id: string }) => id)).to.deep.equal([ours]);
    for (const [args, refusal] of [
      [['webhook', 'show', theirs], 'There is no such webhook'],
      [['org', 'show', domains.get(other) ?? ''], 'There is no such organization'],
    ] as const) {
      expect((await admin([...args], token)).stderr).to.include(refusal);
    }
    await succeeding(admin(['org', 'show', domains.get(other) ?? ''], SERVICE_TOKENS.support));
    // The provider is not there; the secret, which support may not use, is not needed to see that.
    expect((await admin(['sso', 'test', organizationId], token)).stdout).to.include(
      `https://${organizationId}.okta.com/`,
    );
  });
});
