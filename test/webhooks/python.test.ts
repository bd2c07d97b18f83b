/** A receiver in Python verifies deliveries with the library of the Standard Webhooks specification. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { Webhook } from '../../proto/gen/userstore/v1/webhook_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { pythonWith } from '../harness/python.js';
import { userNamed } from '../harness/users.js';
import { actor, eventually, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

const RECEIVER = fileURLToPath(new URL('../../../test/clients/webhook_receiver.py', import.meta.url));
const PACKAGE = 'standardwebhooks==1.1.0';

const CREATED = 'urn:ietf:params:scim:event:prov:create:full';

describe('a receiver with standardwebhooks for Python', function () {
  this.timeout(200_000);
  let folder: string;
  let python: string;
  let pair: Pair;
  let admin: UserstoreClient;
  let receiver: ChildProcess | undefined;
  let output = '';

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'webhook-receiver-'));
    try {
      python = await pythonWith([PACKAGE], join(folder, 'venv'));
    } catch (error) {
      console.log(`      skipped: ${PACKAGE} cannot be had here: ${String(error).slice(0, 300)}`);
      this.skip();
    }
    pair = await startPair(testMongodbUri('webhooks-python'), { WEBHOOK_ALLOWED_HOSTS: '127.0.0.1' });
    admin = userstoreClient(pair.address, SERVICE_TOKENS.admin);
  });
  beforeEach(async () => {
    output = '';
    receiver = spawn(python, [RECEIVER], { stdio: ['pipe', 'pipe', 'inherit'] });
    receiver.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await says(/^\d+\n/);
  });
  afterEach(() => void receiver?.kill());
  after(async () => {
    admin?.close();
    await pair?.stop();
    await rm(folder, { recursive: true, force: true });
    if (!pair) return;
    const database = await mongoose.createConnection(testMongodbUri('webhooks-python')).asPromise();
    await database.dropDatabase();
    await database.close();
  });

  const says = (text: RegExp) => eventually(`it says ${text}`, async () => text.test(output), 30_000);

  async function newWebhook() {
    const { organization } = await admin.createOrganization({ actor: actor(), displayName: 'Oak Street Homes' });
    const organizationId = organization?.id ?? '';
    const url = `http://127.0.0.1:${Number.parseInt(output, 10)}/events`;
    const created = await admin.createWebhook({
      actor: actor(),
      webhook: Webhook.fromPartial({ organizationId, url, types: [CREATED] }),
    });
    const create = (userName: string) =>
      admin.createUser({ organizationId, actor: actor(), user: userNamed(userName) });
    return { create, webhookId: created.webhook?.id ?? '', secret: created.secret };
  }

  it('verifies a delivery, also with text that is not ASCII', async () => {
    const { create, secret } = await newWebhook();
    receiver?.stdin?.write(`${secret}\n`);
    await create('ána@oakstreet.example');
    await says(/verified urn:ietf:params:scim:event:prov:create:full\n/);
    expect(output).not.to.match(/rejected/);
  });

  it('verifies with the new and with the replaced secret during the overlap of a rotation', async () => {
    const { create, webhookId, secret } = await newWebhook();
    await admin.rotateWebhookSecret({ actor: actor(), webhookId, overlapSeconds: 600 });
    receiver?.stdin?.write(`${secret}\n`);
    await create('ana@oakstreet.example');
    await says(/verified/);
  });

  it('rejects a delivery that another secret has signed, which is a failure with its status', async () => {
    const { create, webhookId } = await newWebhook();
    const other = await newWebhook();
    receiver?.stdin?.write(`${other.secret}\n`);
    await create('ana@oakstreet.example');
    await says(/rejected/);
    await eventually('it is reported', async () => (await admin.getWebhook({ webhookId })).attempts[0]?.status === 401);
    await admin.deleteWebhook({ actor: actor(), webhookId });
  });
});
