/** The check that after crashes there is exactly one change for each version of each user. */
import { expect } from 'chai';
import type { Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { userstoreClient } from '../harness/userstore.js';

/** Every version of every user has its change, each beginning with the roles with which the one before ended. */
export async function expectChangesOfAll(
  { organizationId }: Tenant,
  { address }: Pick<Pair, 'address'>,
  adminToken = SERVICE_TOKENS.admin,
): Promise<void> {
  const client = userstoreClient(address, adminToken);
  try {
    let pageToken: string | undefined;
    do {
      const page = await client.listUsers({ organizationId, filter: undefined, order: undefined, skip: 0, pageToken });
      for (const { id: userId, etag, roles } of page.users) {
        const { changes } = await client.listChanges({ organizationId, userId });
        const versions = changes.map(({ version }) => version).reverse();
        const stored = Number(/\d+/.exec(etag));
        expect(versions, `changes of version ${stored}`).to.deep.equal(versions.map((_, index) => index + 1));
        expect(versions).to.have.length(stored);
        let ended: string | undefined;
        for (const { attributes } of changes.reverse()) {
          const change = attributes.find(({ name }) => name === 'roles');
          if (change) expect(change.before).to.equal(ended);
          ended = change?.after ?? ended;
        }
        expect(JSON.parse(ended ?? '[]').map(({ value }: { value: string }) => value)).to.deep.equal(
          roles.map(({ value }) => value),
        );
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  } finally {
    client.close();
  }
}
