/** The permits that an edge keeps in memory. */
import { mock } from 'node:test';
import { expect } from 'chai';
import type { Request, Response } from 'express';
import { UserstoreError } from '../../../client/errors.js';
import { createRateLimit } from '../../../edge/limits/rate-limit.js';
import { Organization } from '../../../proto/gen/userstore/v1/organization_service.js';

const BATCH = 10;

describe('permits of an edge', () => {
  let calls: number;
  let isAway: boolean;
  let enforce: ReturnType<typeof createRateLimit>['enforce'];
  beforeEach(() => {
    calls = 0;
    isAway = false;
    const acquirePermits = async () => {
      calls++;
      if (isAway) throw new UserstoreError('away', 'UNAVAILABLE');
      return { granted: BATCH, retryAfterMs: 0 };
    };
    const metrics = { limitDecision: () => undefined, permitsFetched: () => undefined };
    ({ enforce } = createRateLimit({ acquirePermits }, metrics));
    mock.timers.enable({ apis: ['Date'] });
  });
  afterEach(() => mock.timers.reset());

  async function request(perSecond = 100): Promise<void> {
    const settings = Organization.fromPartial({ rateLimit: { perSecond, burst: perSecond } });
    const principal = { organizationId: 'quiet', apiTokenId: '', apiTokenLabel: '', settings };
    const response = { locals: { principal, requestId: 'request' }, closed: false } as unknown as Response;
    let error: unknown = 'not passed';
    await enforce({} as Request, response, (failure?: unknown) => {
      error = failure;
    });
    expect(error).to.equal(undefined);
  }

  it('serve the requests of a minute with one call', async () => {
    for (let second = 0; second < 60; second += 20) {
      await request();
      mock.timers.tick(20_000);
    }
    expect(calls).to.equal(1);
  });

  it('expire after a minute without a new batch', async () => {
    await request();
    mock.timers.tick(60_001);
    await request();
    expect(calls).to.equal(2);
  });

  it('are not used after the rate limit has changed, but by requests that see the change at different times', async () => {
    await request(100);
    await request(10);
    await request(100);
    expect(calls).to.equal(1);
    mock.timers.tick(5001);
    await request(10);
    expect(calls).to.equal(2);
  });

  it('that the edge grants itself, without a userstore, expire after 5 seconds', async () => {
    isAway = true;
    await request();
    mock.timers.tick(4000);
    await request();
    expect(calls).to.equal(1);
    mock.timers.tick(1001);
    await request();
    expect(calls).to.equal(2);
  });
});
