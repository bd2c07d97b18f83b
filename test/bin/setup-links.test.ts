/** The commands on setup links. */
import { expect } from 'chai';
import { runAdmin, succeeding } from '../harness/commands.js';
import { freshTenant, needsOwnPair, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';

describe('the admin command on setup links', function () {
  this.timeout(60_000);
  let organizationId: string;
  let env: Record<string, string>;

  before(async function () {
    needsOwnPair(this);
    ({ organizationId } = await freshTenant());
    env = { USERSTORE_ADDRESS: (await sharedPair()).address, PUBLIC_URL: 'https://id.leasehawk.example' };
  });
  const admin = (args: string[], token = SERVICE_TOKENS.admin) =>
    runAdmin(['setup-link', ...args], { ...env, ADMIN_TOKEN: token });

  it('makes a link that it prints once, lists it, and revokes it', async () => {
    const recipient = 'ana@oakstreet.example';
    const domain = `${organizationId}.example`;
    const made = await succeeding(admin(['add', organizationId, recipient, '--days', '3', '--domain', domain]));
    const [link = '', secret = ''] = /https:\/\/id\.leasehawk\.example\/setup\/link#([\w-]{43})$/m.exec(made) ?? [];
    expect(link).not.to.equal('');
    const id = /Link id +(\S+)/.exec(made)?.[1] ?? '';
    const listed = await succeeding(admin(['list', organizationId], SERVICE_TOKENS.viewer));
    expect(listed)
      .to.match(new RegExp(`^${id} +live .* 0 +admin/.* ${recipient}$`, 'm'))
      .and.not.to.include(secret);
    expect(await succeeding(admin(['revoke', organizationId, id, '--yes'], SERVICE_TOKENS.support))).to.include(
      'revoked',
    );
    expect(await succeeding(admin(['list', organizationId]))).to.match(new RegExp(`^${id} +revoked`, 'm'));
  });

  it('refuses more days than there may be, an id of no link, and the role "support" to make one', async () => {
    expect((await admin(['add', organizationId, 'ana', '--days', '15'])).code).to.equal(2);
    const unknown = await admin(['revoke', organizationId, 'x', '--yes']);
    expect([unknown.code, unknown.stderr.includes('no such setup link')]).to.deep.equal([1, true]);
    const refused = await admin(['add', organizationId, 'ana'], SERVICE_TOKENS.support);
    expect([refused.code, refused.stderr.includes('may not call SetupLinkService/CreateSetupLink')]).to.deep.equal([
      1,
      true,
    ]);
  });
});
