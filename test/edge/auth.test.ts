/** The cache of verified API tokens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { errorWith, UserstoreError } from '../../client/errors.js';
import { createPrincipalCache } from '../../edge/auth.js';
import { ErrorReason } from '../../proto/gen/userstore/v1/error_reason.js';

type Store = Parameters<typeof createPrincipalCache>[0];

const TTL_MS = 200;
const key = 'acme';
const context = { credentials: { organizationId: 'acme', secretDigest: Buffer.from('digest'), key }, requestId: 'r' };
const valid = { apiToken: { id: 'token', label: 'Okta' }, organization: { id: 'acme' } };
const invalid = () => errorWith('NOT_FOUND', 'invalid', { reason: ErrorReason.ERROR_REASON_API_TOKEN_INVALID });

describe('the cache of verified API tokens', () => {
  let calls: number;
  const cacheOver = (verify: () => Promise<unknown>) => {
    calls = 0;
    const verifyApiToken = () => {
      calls++;
      return verify();
    };
    return createPrincipalCache({ verifyApiToken } as unknown as Store, TTL_MS);
  };

  it('asks userstore once for simultaneous requests, and again when the time is over', async () => {
    const cache = cacheOver(async () => valid);
    const found = await Promise.all(Array.from({ length: 20 }, () => cache.fetch(key, { context })));
    expect(new Set(found.map((principal) => principal?.apiTokenId))).to.deep.equal(new Set(['token']));
    expect(cache.get(key)?.organizationId).to.equal('acme');
    expect(calls).to.equal(1);
    await sleep(TTL_MS + 50);
    expect(cache.get(key)).to.equal(undefined);
    await cache.fetch(key, { context });
    expect(calls).to.equal(2);
  });

  it('counts the time from the question, not from a slow answer', async () => {
    const cache = cacheOver(async () => {
      await sleep(TTL_MS - 50);
      return valid;
    });
    await cache.fetch(key, { context });
    expect(cache.get(key)).not.to.equal(undefined);
    await sleep(80);
    expect(cache.get(key)).to.equal(undefined);
  });

  it('does not trust an answer that is older than the time', async () => {
    const cache = cacheOver(async () => {
      await sleep(TTL_MS + 50);
      return valid;
    });
    expect((await cache.fetch(key, { context }))?.apiTokenId).to.equal('token');
    await sleep(5);
    expect(cache.get(key)).to.equal(undefined);
  });

  for (const [what, error] of [
    ['an invalid token', invalid()],
    ['a failed call', errorWith('UNAVAILABLE', 'unavailable')],
  ] as const) {
    it(`fails all simultaneous requests for ${what}, and stores nothing`, async () => {
      const cache = cacheOver(async () => Promise.reject(error));
      const results = await Promise.allSettled(Array.from({ length: 5 }, () => cache.fetch(key, { context })));
      expect(results.map(({ status }) => status)).to.deep.equal(Array.from({ length: 5 }, () => 'rejected'));
      expect([calls, cache.size]).to.deep.equal([1, 0]);
    });
  }

  it('forgets a token that is no longer valid', async () => {
    let isRevoked = false;
    const cache = cacheOver(async () => (isRevoked ? Promise.reject(invalid()) : valid));
    await cache.fetch(key, { context });
    isRevoked = true;
    await sleep(TTL_MS + 50);
    const refused = await cache.fetch(key, { context }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error).and.not.instanceOf(UserstoreError);
    expect([cache.get(key), cache.size]).to.deep.equal([undefined, 0]);
  });

  it('answers the requests that wait for an entry that others evict', async () => {
    const cache = cacheOver(async () => {
      await sleep(50);
      return valid;
    });
    const waiting = cache.fetch(key, { context });
    cache.clear();
    expect((await waiting)?.apiTokenId).to.equal('token');
  });
});
