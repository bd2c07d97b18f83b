/** Lists of large changes: a page is shorter instead of too large to send. */
import { expect } from 'chai';
import mongoose from 'mongoose';
import { Change_Kind } from '../../proto/gen/userstore/v1/change.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const VERSIONS = 100;
const VALUE = JSON.stringify('x'.repeat(990));
/** About a mebibyte of each change. */
const ATTRIBUTES = Array.from({ length: 500 }, (_, index) => ({ name: `a${index}`, before: VALUE, after: VALUE }));

describe('the history of a user whose changes are large', function () {
  this.timeout(60_000);
  let userstore: Service;
  let admin: UserstoreClient;
  let database: mongoose.Connection;

  before(async () => {
    const uri = testMongodbUri('large-histories');
    const started = await startUserstore(uri);
    ({ userstore } = started);
    admin = userstoreClient(started.address, SERVICE_TOKENS.admin, 30_000);
    database = await mongoose.createConnection(uri).asPromise();
  });
  after(async () => {
    admin.close();
    await userstore.stop();
    await database.close();
  });

  it('is listed whole, in pages of at most 16 MiB', async () => {
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    const organizationId = organization?.id ?? '';
    const changes = Array.from({ length: VERSIONS }, (_, index) => ({
      _id: `ana/${index + 1}` as never,
      organizationId,
      userId: 'ana',
      version: index + 1,
      kind: Change_Kind.KIND_UPDATE,
      time: new Date(),
      attributes: ATTRIBUTES,
      expireTime: new Date(Date.now() + 86_400_000),
    }));
    for (let start = 0; start < VERSIONS; start += 20) {
      await database.collection('changes').insertMany(changes.slice(start, start + 20));
    }
    const versions: number[] = [];
    const sizes: number[] = [];
    let pageToken: string | undefined;
    do {
      const page = await admin.listChanges({ organizationId, userId: 'ana', pageSize: 1000, pageToken });
      versions.push(...page.changes.map(({ version }) => version));
      sizes.push(page.changes.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(versions).to.deep.equal(Array.from({ length: VERSIONS }, (_, index) => VERSIONS - index));
    expect(Math.max(...sizes)).to.be.lessThan(20);
  });
});
