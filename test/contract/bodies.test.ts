/** Bodies of requests over gRPC: who sees personal values, how many are kept, for how long, and who decides that. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { v7 as uuidv7 } from 'uuid';
import type { ActivityBody } from '../../proto/gen/userstore/v1/activity_service.js';
import { KeptBodies, Organization } from '../../proto/gen/userstore/v1/organization_service.js';
import { needsOwnPair, sharedMongodbUri, sharedPair } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { actor, eventually, failureIn, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('bodies of requests', () => {
  const clients: Record<string, UserstoreClient> = {};
  const as = (role: string) => clients[role] as UserstoreClient;
  let organizationId = '';

  before(async () => {
    const { address } = await sharedPair();
    for (const [role, token] of Object.entries(SERVICE_TOKENS)) clients[role] = userstoreClient(address, token);
  });
  after(() => {
    for (const client of Object.values(clients)) client.close();
  });
  beforeEach(async () => {
    const created = await as('admin').createOrganization({ actor: actor(), displayName: 'Oak' });
    organizationId = created.organization?.id ?? '';
  });

  const body = (more: Partial<ActivityBody> = {}): ActivityBody => ({
    organizationId,
    activityId: uuidv7(),
    time: new Date(),
    request: { text: '{"userName":"ana@oak.example","active":true}', cut: false, omitted: undefined },
    response: { text: '{"status":"409","detail":"It is taken."}', cut: true, omitted: undefined },
    ...more,
  });
  const record = (...bodies: ActivityBody[]) => as('edge').recordActivityBodies({ bodies });
  const get = (activityId: string, role = 'support') => as(role).getActivityBody({ organizationId, activityId });
  const set = (keptBodies: KeptBodies) =>
    as('admin').updateOrganization({
      organizationId,
      actor: actor(),
      organization: Organization.fromPartial({ keptBodies }),
      updateMask: ['kept_bodies'],
    });
  const keepAll = (seconds: number, role = 'support') =>
    as(role).keepAllBodies({ organizationId, actor: actor(), seconds });
  const organization = async () => (await as('admin').getOrganization({ organizationId })).organization;

  it('are shown to support and admin as they are kept, and to a viewer with personal values masked', async () => {
    const kept = body();
    await record(kept);
    for (const role of ['support', 'admin']) {
      expect(await get(kept.activityId, role)).to.deep.equal({ body: kept, masked: false });
    }
    const seen = await get(kept.activityId, 'viewer');
    expect(seen.masked).to.equal(true);
    expect(seen.body?.request).to.deep.equal({
      text: '{"userName":"•••","active":true}',
      cut: false,
      omitted: undefined,
    });
    expect(seen.body?.response).to.deep.equal(kept.response);
    expect(JSON.stringify(seen)).not.to.include('ana@');
    for (const role of ['reader', 'edge']) {
      expect((await failureIn(get(kept.activityId, role))).code, role).to.equal('PERMISSION_DENIED');
    }
  });

  it('of an operation of a bulk request are those of the request; those of another organization are none', async () => {
    const kept = body();
    await record(kept, kept);
    expect((await get(`${kept.activityId}.0003`)).body).to.deep.equal(kept);
    expect((await get(uuidv7())).body).to.equal(undefined);
    const other = (await as('admin').createOrganization({ actor: actor(), displayName: 'Elm' })).organization?.id ?? '';
    const { activityId } = kept;
    expect((await as('support').getActivityBody({ organizationId: other, activityId })).body).to.equal(undefined);
    const unknown = as('support').getActivityBody({ organizationId: 'unknown', activityId });
    expect((await failureIn(unknown)).reason).to.equal('ORGANIZATION_NOT_FOUND');
  });

  it('that are malformed or too large are refused, and those of no organization ignored', async () => {
    const large = { text: JSON.stringify('x'.repeat(16 * 1024)), cut: false };
    const malformed = [{ activityId: 'x' }, { organizationId: '' }, { time: undefined }, { request: large }];
    for (const more of malformed) {
      expect(await failureIn(record(body(more)))).to.deep.equal({
        code: 'INVALID_ARGUMENT',
        reason: 'FIELD_INVALID',
        field: 'bodies',
      });
    }
    expect((await failureIn(record(...Array.from({ length: 101 }, () => body())))).reason).to.equal('FIELD_INVALID');
    await record(body({ organizationId: 'unknown' }));
  });

  it('are at most 1000 of an organization within an hour', async () => {
    const batch = (count: number) => Array.from({ length: count }, () => body({ response: undefined }));
    const [first, second] = [batch(990), batch(20)];
    for (let from = 0; from < first.length; from += 99) await record(...first.slice(from, from + 99));
    await record(...second);
    const found = await Promise.all(second.map(async ({ activityId }) => (await get(activityId)).body !== undefined));
    expect(found).to.deep.equal(second.map((_, index) => index < 10));
    await record(...batch(1));
    // Others have their own number.
    organizationId =
      (await as('admin').createOrganization({ actor: actor(), displayName: 'Elm' })).organization?.id ?? '';
    const other = body();
    await record(other);
    expect((await get(other.activityId)).body).to.deep.equal(other);
  });

  it('are deleted after 7 days, by an index', async function () {
    needsOwnPair(this);
    const kept = body();
    await record(kept);
    const connection = await mongoose.createConnection(sharedMongodbUri()).asPromise();
    try {
      const bodies = connection.collection('bodies');
      const indexes = await bodies.indexes();
      expect(indexes.find(({ key }) => 'expireTime' in key)).to.include({ expireAfterSeconds: 0 });
      const stored = await bodies.findOne({ organizationId });
      expect(stored?.expireTime.getTime()).to.equal((kept.time?.getTime() ?? 0) + 7 * DAY_MS);
    } finally {
      await connection.close();
    }
  });

  it('are kept of failures unless the organization keeps none, which deletes what was kept', async () => {
    expect(await organization()).to.deep.include({ keptBodies: KeptBodies.KEPT_BODIES_FAILURES });
    const kept = body();
    await record(kept);
    await keepAll(60);
    await set(KeptBodies.KEPT_BODIES_NONE);
    expect(await organization()).to.deep.include({
      keptBodies: KeptBodies.KEPT_BODIES_NONE,
      allBodiesUntil: undefined,
    });
    expect((await get(kept.activityId)).body).to.equal(undefined);
    // An edge may not know it yet.
    await record(kept);
    expect((await get(kept.activityId)).body).to.equal(undefined);
    expect(await failureIn(keepAll(60, 'admin'))).to.include({ reason: 'FIELD_INVALID', field: 'seconds' });
    await keepAll(0);
    await set(KeptBodies.KEPT_BODIES_UNSPECIFIED);
    expect((await organization())?.keptBodies).to.equal(KeptBodies.KEPT_BODIES_FAILURES);
    expect(await failureIn(set(7 as KeptBodies))).to.include({ reason: 'FIELD_INVALID', field: 'kept_bodies' });
  });

  it('are all kept for at most an hour, at the word of support; the log of events names who said so', async () => {
    const person = `ana-${randomUUID()}`;
    const before = Date.now();
    const { organization: after } = await as('support').keepAllBodies({
      organizationId,
      actor: { ...actor(), person },
      seconds: 3600,
    });
    expect(after?.allBodiesUntil?.getTime()).to.be.within(before + HOUR_MS - 1000, Date.now() + HOUR_MS);
    for (const seconds of [3601, -1]) {
      expect(await failureIn(keepAll(seconds))).to.include({ reason: 'FIELD_INVALID', field: 'seconds' });
    }
    for (const role of ['viewer', 'reader', 'edge']) {
      expect((await failureIn(keepAll(60, role))).code, role).to.equal('PERMISSION_DENIED');
    }
    expect((await keepAll(0)).organization?.allBodiesUntil).to.equal(undefined);
    const startTime = new Date(before - 60_000);
    const list = async () =>
      (await as('support').listEvents({ organizationId, startTime, types: [], pageSize: 100 })).events;
    const find = async () => (await list()).find((one) => one.actor?.person === person);
    await eventually('the event is in the log', async () => (await find()) !== undefined);
    const event = await find();
    expect(event?.type).to.equal('organization.changed');
    expect(event?.changes.map(({ name }) => name)).to.deep.equal(['allBodiesUntil']);
  });
});
