/** The promises of rate limits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createRateLimitStorage, type RateLimitStorage } from '../../userstore/storage/rate-limits.js';
import { type Database, openDatabase, soon } from './database.js';

describe('the rate limit of an organization', () => {
  let database: Database;
  let budgets: RateLimitStorage;
  before(async () => {
    database = await openDatabase('rate-limits');
    budgets = createRateLimitStorage(database.connection);
  });
  after(() => database.close());

  /** Takes permits until `count` are granted or none is left. Returns the number granted. */
  async function take(organizationId: string, count: number, limit: { perSecond: number; burst: number }) {
    let granted = 0;
    while (granted < count) {
      const answer = await budgets.take(organizationId, count - granted, limit, soon());
      if (answer.granted === 0) break;
      granted += answer.granted;
    }
    return granted;
  }

  it('allows the burst at once, and not one more', async () => {
    expect(await take('at once', 1000, { perSecond: 20, burst: 100 })).to.be.within(100, 120);
    const refused = await budgets.take('at once', 1, { perSecond: 20, burst: 100 }, soon());
    expect(refused).to.include({ granted: 0 });
    expect(refused.retryAfterMs).to.be.within(1, 1000);
  });

  it('accepts requests below the rate at any time, even after the burst is used up', async () => {
    const limit = { perSecond: 20, burst: 40 };
    await take('pulses', 1000, limit);
    for (let pulse = 0; pulse < 3; pulse++) {
      await sleep(1100);
      expect(await take('pulses', 19, limit)).to.equal(19);
    }
  }).timeout(10_000);

  for (const [perSecond, burst] of [
    [1, 1],
    [7, 7],
    [15, 1000],
    [10_000, 10_000],
  ] as const) {
    it(`of ${perSecond} a second and ${burst} at once is exact to one batch`, async () => {
      const begun = performance.now();
      const granted = await take(`of ${perSecond}`, 2 * burst, { perSecond, burst });
      // The database may take seconds for this number.
      const seconds = (performance.now() - begun) / 1000;
      expect(granted).to.be.within(Math.min(burst, 1000), burst + Math.max(perSecond, 2) * (seconds + 2));
    });
  }

  it('is one organization’s: another’s is untouched', async () => {
    const limit = { perSecond: 5, burst: 5 };
    await take('one', 100, limit);
    expect((await budgets.take('other', 1, limit, soon())).granted).to.equal(1);
  });
});
