/** The service accounts that a userstore knows between two reads of the database. */
import { expect } from 'chai';
import { ServiceAccount } from '../../../proto/gen/userstore/v1/service_account_service.js';
import { createKnownAccounts } from '../../../userstore/domain/known-accounts.js';
import type { ServiceAccountStorage, StoredAccount } from '../../../userstore/storage/service-accounts.js';

const MINUTE = 60_000;
const DEADLINE = Number.MAX_SAFE_INTEGER;

/** Known accounts over this storage, with their reads and writes and their clock. */
function knownOver(stored: StoredAccount[]) {
  const seen = { reads: 0, uses: [] as string[] };
  const clock = { time: Date.parse('2026-11-27T08:00:00Z') };
  const storage = {
    list: async () => {
      seen.reads++;
      return stored;
    },
    use: async (id: string) => void seen.uses.push(id),
  };
  return { known: createKnownAccounts(storage as unknown as ServiceAccountStorage, () => clock.time), seen, clock };
}
const storedAs = (id: string, digest: string, values: Partial<ServiceAccount> = {}): StoredAccount => ({
  account: ServiceAccount.fromPartial({ id, name: id, ...values }),
  version: 1,
  digest,
  previousDigest: values.overlapEndTime && `${digest}, before`,
});

describe('the known service accounts', () => {
  it('are found without a read of the database, whether their secret is known or not', async () => {
    const { known, seen } = knownOver([storedAs('billing', 'a')]);
    await known.refresh(DEADLINE);
    for (let call = 0; call < 100; call++) {
      expect(known.find('a')?.name).to.equal('billing');
      expect(known.find('unknown')).to.equal(undefined);
    }
    expect(seen.reads).to.equal(1);
  });

  it('are gone with the next read after they were deleted', async () => {
    const stored = [storedAs('billing', 'a')];
    const { known } = knownOver(stored);
    await known.refresh(DEADLINE);
    stored.pop();
    await known.refresh(DEADLINE);
    expect([known.find('a'), known.has('billing')]).to.deep.equal([undefined, false]);
  });

  it('have their previous secret until the overlap ends', async () => {
    const { known, clock } = knownOver([
      storedAs('billing', 'a', { overlapEndTime: new Date('2026-11-27T08:00:10Z') }),
    ]);
    await known.refresh(DEADLINE);
    clock.time += 9_999;
    expect(known.find('a, before')?.name).to.equal('billing');
    clock.time += 1;
    expect([known.find('a, before'), known.find('a')?.name]).to.deep.equal([undefined, 'billing']);
  });

  it('cannot be told if they were not read for 30 seconds', async () => {
    const { known, clock } = knownOver([storedAs('billing', 'a')]);
    await known.refresh(DEADLINE);
    clock.time += 30_001;
    expect(() => known.find('a'))
      .to.throw()
      .with.property('name', 'TimeoutError');
  });

  it('note their use every 5 minutes at most', async () => {
    const { known, clock, seen } = knownOver([storedAs('billing', 'a'), storedAs('idle', 'b')]);
    for (let read = 0; read <= 10; read++) {
      await known.refresh(DEADLINE);
      known.find('a');
      clock.time += MINUTE / 2;
    }
    await known.refresh(DEADLINE);
    expect(seen.uses).to.deep.equal(['billing', 'billing']);
  });
});
