/** The setup page asks userstore seldom, however often clients ask the edge. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import express from 'express';
import { errorWith } from '../../../client/errors.js';
import { setupRoute } from '../../../edge/routes/setup.js';
import type { StoreClient } from '../../../edge/store-client.js';
import { ErrorReason } from '../../../proto/gen/userstore/v1/error_reason.js';
import { Organization } from '../../../proto/gen/userstore/v1/organization_service.js';

describe('the setup page', () => {
  let server: Server;
  let lookUps: number;
  let existing: Set<string>;
  let isDown: boolean;
  let lookUpMs: number;
  beforeEach(async () => {
    lookUps = 0;
    isDown = false;
    lookUpMs = 0;
    existing = new Set(['known', ...Array.from({ length: 150 }, (_, index) => `known${index}`)]);
    const getOrganization = async ({ organizationId }: { organizationId: string }) => {
      lookUps++;
      await sleep(lookUpMs);
      if (isDown) throw errorWith('UNAVAILABLE', 'no connection');
      if (existing.has(organizationId)) return { organization: Organization.fromPartial({ id: organizationId }) };
      const reason = ErrorReason.ERROR_REASON_ORGANIZATION_NOT_FOUND;
      throw errorWith('NOT_FOUND', 'no such organization', { reason });
    };
    const app = express();
    app.set('trust proxy', 1);
    const store = { getOrganization } as unknown as StoreClient;
    app.get(
      '/:organizationId/setup',
      setupRoute(store, { baseUrl: () => 'https://x.example', signIn: undefined, supportContact: undefined }),
    );
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });
  const ask = (id: string, from = '203.0.113.1') =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${id}/setup`, {
      headers: { 'X-Forwarded-For': from },
    });

  it('of a deleted organization disappears within its cache time, even if requested every half second', async () => {
    expect((await ask('known')).status).to.equal(200);
    existing.clear();
    let seen = 200;
    const start = performance.now();
    while (seen === 200 && performance.now() - start < 6000) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen = (await ask('known')).status;
    }
    expect(seen).to.equal(404);
    expect(performance.now() - start).to.be.below(3800);
  });

  it('refuses a network that tries many unknown organizations, without a look-up; serves other networks and known pages', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 30; index++) statuses.push((await ask(`unknown${index}`)).status);
    const late = Array.from({ length: 30 }, async (_, index) => statuses.push((await ask(`late${index}`)).status));
    await Promise.all(late);
    expect(statuses.filter((one) => one === 404).length).to.equal(30);
    const refused = await ask('another');
    expect(refused.status).to.equal(429);
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 60);
    expect(lookUps).to.equal(30);
    expect((await ask('another', '203.0.113.2')).status).to.equal(404);
    expect((await ask('known', '203.0.113.2')).status).to.equal(200);
    expect((await ask('known')).status).to.equal(200);
  });

  it('counts no organization that userstore cannot look up', async () => {
    isDown = true;
    for (let index = 0; index < 40; index++) expect((await ask(`known${index}`)).status).to.equal(503);
    isDown = false;
    expect((await ask('known')).status).to.equal(200);
  });

  it('counts no page that exists, even if many are asked for at once', async () => {
    lookUpMs = 500;
    const all = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(`known${index}`)));
    expect(all.filter(({ status }) => status === 429).length).to.be.above(0);
    expect((await ask('known100')).status).to.equal(200);
  });

  it('counts no page that exists', async () => {
    for (let index = 0; index < 150; index++) expect((await ask(`known${index}`)).status).to.equal(200);
  });
});
