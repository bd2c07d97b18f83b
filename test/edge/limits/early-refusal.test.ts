/** Requests of an organization far above its rate limit are refused before anything else is done for them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import express from 'express';
import { earlyRefusal } from '../../../edge/limits/early-refusal.js';
import type { Principal } from '../../../edge/request-context.js';
import { ScimError } from '../../../edge/scim/scim-error.js';

const principal = { organizationId: 'noisy' } as Principal;

describe('early refusal', () => {
  let server: Server;
  let passed: number;
  let counted: (number | undefined)[];
  before(async () => {
    const app = express();
    const early = earlyRefusal({
      rateLimit: {
        waitIfRefused: (organizationId) => (organizationId === 'noisy' ? 1500 : undefined),
        refusal: (_principal, wait) => ({
          error: new ScimError(429, undefined, 'Too many.', { 'Retry-After': String(wait) }),
          delayMs: 50,
        }),
      },
      metrics: { request: (_method, _route, status) => void counted.push(status) },
      knownPrincipal: ({ headers }) => (headers.authorization === 'apikey known' ? principal : undefined),
    });
    app.use('/:organizationId/scim/v2', early, (_request, response) => {
      passed++;
      response.sendStatus(204);
    });
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());
  beforeEach(() => {
    passed = 0;
    counted = [];
  });
  const ask = (organizationId: string, token = 'known', init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${organizationId}/scim/v2/Users`, {
      ...init,
      headers: { authorization: `apikey ${token}` },
    });

  it('answers 429 in the form of SCIM, after a delay; one request a second goes the whole way', async () => {
    const begun = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask('noisy', 'known', { method: 'POST', body: '{}' })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    const ms = performance.now() - begun;
    expect(passed).to.be.within(1, 1 + ms / 1000);
    expect(refused.length).to.equal(20 - passed);
    expect(ms).to.be.at.least(50);
    expect(counted).to.deep.equal(refused.map(() => 429));
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).to.equal('1500');
      expect(answer.headers.get('content-type')).to.match(/^application\/scim\+json/);
      expect(await answer.json()).to.deep.include({ status: '429', detail: 'Too many.' });
    }
    expect(new Set(refused.map(({ headers }) => headers.get('x-request-id'))).size).to.equal(refused.length);
  });

  it('refuses no request with an unknown token, and none of an organization within its limit', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask('noisy', 'unknown')));
    await Promise.all(Array.from({ length: 10 }, () => ask('quiet')));
    expect(passed).to.equal(20);
  });
});
