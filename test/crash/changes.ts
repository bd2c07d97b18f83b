/** The check that after crashes there is exactly one change for each version of each user. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS } from '../harness/processes.js';
import { type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const MAX_TRIES = 10;
const PAUSE_MS = 500;

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
      for (const { id: userId } of page.users) {
        const { changes, etag, roles } = await settled(client, organizationId, userId);
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

/**
 * Returns a user with all changes. A call that was under way when a connection broke may still change the user: then both
 * are read again.
 */
async function settled(client: UserstoreClient, organizationId: string, userId: string) {
  for (let tries = 0; ; tries++) {
    const { user } = await client.getUser({ organizationId, userId });
    const { changes } = await client.listChanges({ organizationId, userId });
    const { etag = '', roles = [] } = user ?? {};
    const newest = Math.max(...changes.map(({ version }) => version));
    if (newest === Number(/\d+/.exec(etag)) || tries === MAX_TRIES) return { changes, etag, roles };
    await sleep(PAUSE_MS);
  }
}
