/** Organizations with API tokens, made through the service before their users are loaded in bulk. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { connect } from '../../bin/admin/userstore.js';
import { HAS_OUTBOX } from '../../userstore/storage/outbox.js';
import { TOKENS } from '../chains.js';
import type { Tenant } from '../world.js';

/** Organizations that are created at a time. */
const CREATORS = 8;
/** Longest wait for the events of new organizations, users and groups. */
const MOVED_MS = 60_000;
/** A rate limit that no measurement reaches. */
const RATE_LIMIT = { perSecond: 10_000, burst: 100_000 };

/** An organization with one API token. */
export interface Owner extends Tenant {
  apiTokenId: string;
  apiTokenLabel: string;
}

/** Creates organizations; `nameOf` returns the name of each by its number. */
export async function createOwners(
  address: string,
  count: number,
  nameOf: (index: number) => string,
): Promise<[Owner, ...Owner[]]> {
  const admin = connect(address, TOKENS.admin);
  const owners: Owner[] = [];
  let next = 0;
  const create = async () => {
    while (next < count) {
      const index = next++;
      const { id: organizationId } = await admin.createOrganization(nameOf(index));
      await admin.updateOrganization(organizationId, () => ({ rateLimit: RATE_LIMIT }));
      const { apiToken, secret } = await admin.issueToken(organizationId, 'Okta');
      owners[index] = { organizationId, secret, apiTokenId: apiToken.id, apiTokenLabel: apiToken.label };
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
  admin.close();
  const [first, ...others] = owners;
  if (!first) throw new Error('there is no organization to create');
  return [first, ...others];
}

/** Waits until userstore has written the events of all changes, so that none takes a position of a load. */
export async function untilMoved(database: mongo.Db): Promise<void> {
  const giveUp = Date.now() + MOVED_MS;
  const collections = ['organizations', 'apiTokens', 'users', 'groups'].map((name) => database.collection(name));
  const areWaiting = async () =>
    (await Promise.all(collections.map((collection) => collection.findOne(HAS_OUTBOX)))).some(
      (found) => found !== null,
    );
  while (await areWaiting()) {
    if (Date.now() > giveUp) throw new Error(`userstore has not written all events within ${MOVED_MS / 1000} seconds`);
    await sleep(100);
  }
}
