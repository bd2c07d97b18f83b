/**
 * The service accounts that a userstore knows: all of them, read again every two seconds. So a call costs no read of the
 * database, whether its secret is known or not, and a deleted account is refused within seconds.
 */
import type { ServiceAccount } from '../../proto/gen/userstore/v1/service_account_service.js';
import type { ServiceAccountStorage } from '../storage/service-accounts.js';

/** More than there can be. */
const MAX_ACCOUNTS = 1000;
/** After this time without a successful read, a deleted account might still be known: none is then. */
const STALE_MS = 30_000;
/** The least time between two writes of an account's last use. */
const USE_INTERVAL_MS = 5 * 60_000;

/** The known accounts of a userstore. */
export type KnownAccounts = ReturnType<typeof createKnownAccounts>;

interface Known {
  account: ServiceAccount;
  /** The end of the secret, if it was replaced. */
  until: Date | undefined;
}

/** Creates the known accounts, none until the first `refresh`. `now` is the clock, in epoch milliseconds. */
export function createKnownAccounts(storage: ServiceAccountStorage, now: () => number = Date.now) {
  let byDigest = new Map<string, Known>();
  let ids = new Set<string>();
  let readTime = 0;
  const used = new Map<string, Date>();

  const recordUses = async (deadline: number) => {
    for (const { account } of new Set(byDigest.values())) {
      const time = used.get(account.id);
      if (!time || time.getTime() - (account.lastUseTime?.getTime() ?? 0) < USE_INTERVAL_MS) continue;
      await storage.use(account.id, time, deadline);
      account.lastUseTime = time;
    }
    used.clear();
  };

  return {
    /** Reads the accounts again, and writes when they were last used. */
    async refresh(deadline: number): Promise<void> {
      const time = now();
      const stored = await storage.list('', MAX_ACCOUNTS, deadline);
      byDigest = new Map(
        stored.flatMap(({ account, digest, previousDigest }): [string, Known][] => [
          ...(previousDigest === undefined
            ? []
            : [[previousDigest, { account, until: account.overlapEndTime }] as [string, Known]]),
          [digest, { account, until: undefined }],
        ]),
      );
      ids = new Set(stored.map(({ account }) => account.id));
      readTime = time;
      await recordUses(deadline);
    },

    /** Whether the account with this id is known. */
    has: (id: string): boolean => ids.has(id),

    /** Returns the account with this secret, by its SHA-256 in hexadecimal. Throws a TimeoutError if it cannot know. */
    find(digest: string): ServiceAccount | undefined {
      const time = now();
      if (time - readTime > STALE_MS) {
        throw new DOMException('The service accounts were not read for too long.', 'TimeoutError');
      }
      const known = byDigest.get(digest);
      if (!known || (known.until && known.until.getTime() <= time)) return undefined;
      used.set(known.account.id, new Date(time));
      return known.account;
    },
  };
}
