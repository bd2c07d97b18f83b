/** Server reflection: off unless it is set, for known callers of every role, with the comments of the contract. */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Role } from '../../proto/gen/userstore/v1/service_account_service.js';
import { testMongodbUri } from '../harness/mongod.js';
import { SERVICE_TOKENS, type Service, startUserstore } from '../harness/processes.js';
import { actor, type UserstoreClient, userstoreClient } from '../harness/userstore.js';

/** The fields of ServerReflectionRequest that tools use. */
const LIST_SERVICES = 7;
const FILE_CONTAINING_SYMBOL = 4;
const question = (field: number, text: string) =>
  Buffer.from(
    new BinaryWriter()
      .uint32((field << 3) | 2)
      .string(text)
      .finish(),
  );
const V1 = 'grpc.reflection.v1.ServerReflection';
const V1_ALPHA = 'grpc.reflection.v1alpha.ServerReflection';
const LIST = question(LIST_SERVICES, '*');

describe('server reflection', () => {
  let userstore: Service;
  let address: string;
  let admin: UserstoreClient;
  const uri = () => testMongodbUri('reflection');
  before(async () => {
    ({ address, userstore } = await startUserstore(uri(), { USERSTORE_REFLECTION: 'true' }));
    admin = userstoreClient(address, SERVICE_TOKENS.admin);
  });
  after(async () => {
    admin?.close();
    await userstore?.stop();
  });

  /** Asks on one stream; returns the code at its end, and all answers as text. */
  function ask(token: string | undefined, questions: Buffer[], { at = address, service = V1 } = {}) {
    const client = new Client(at, credentials.createInsecure());
    const metadata = new Metadata();
    if (token) metadata.set('authorization', `Bearer ${token}`);
    const same = (bytes: Buffer) => bytes;
    const deadline = Date.now() + 10_000;
    const call = client.makeBidiStreamRequest(`/${service}/ServerReflectionInfo`, same, same, metadata, { deadline });
    const answers: string[] = [];
    return new Promise<{ code: string; answers: string[] }>((resolve) => {
      const settle = (code: status) => {
        client.close();
        resolve({ code: status[code] as string, answers });
      };
      call.on('data', (bytes: Buffer) => answers.push(bytes.toString('utf8')));
      call.on('error', ({ code }: ServiceError) => settle(code));
      call.on('end', () => settle(status.OK));
      for (const bytes of questions) call.write(bytes);
      call.end();
    });
  }

  for (const service of [V1, V1_ALPHA]) {
    it(`tells every role the services by ${service}`, async () => {
      for (const token of Object.values(SERVICE_TOKENS)) {
        const { code, answers } = await ask(token, [LIST], { service });
        expect(code).to.equal('OK');
        for (const name of ['userstore.v1.UserService', 'userstore.v1.EventService', 'grpc.health.v1.Health']) {
          expect(answers.join()).to.include(name);
        }
      }
    });
  }

  it('tells the file of a symbol with its comments', async () => {
    const { answers } = await ask(SERVICE_TOKENS.reader, [
      question(FILE_CONTAINING_SYMBOL, 'userstore.v1.UserService'),
    ]);
    expect(answers.join()).to.include('BatchGetUsersRequest').and.include('Returns one user, active or disabled.');
  });

  it('tells the file of the health service, so that grpcurl can check it', async () => {
    const { answers } = await ask(SERVICE_TOKENS.reader, [question(FILE_CONTAINING_SYMBOL, 'grpc.health.v1.Health')]);
    expect(answers.join()).to.include('HealthCheckResponse');
  });

  it('answers a caller that is held to an organization', async () => {
    const organization = { displayName: 'Held', actor: actor() };
    const { organization: held } = await admin.createOrganization(organization);
    const organizationIds = [held?.id ?? ''];
    const account = { id: '', name: 'held-reflection', role: Role.ROLE_READER, organizationIds, createdBy: '' };
    const { secret } = await admin.createServiceAccount({ actor: actor(), serviceAccount: account });
    expect((await ask(secret, [LIST])).code).to.equal('OK');
  });

  it('is UNAUTHENTICATED without a credential', async () => {
    expect(await ask(undefined, [LIST])).to.deep.equal({ code: 'UNAUTHENTICATED', answers: [] });
    expect((await ask('an-unknown-token', [LIST])).code).to.equal('UNAUTHENTICATED');
  });

  it('ends a stream with RESOURCE_EXHAUSTED at its 101st request', async () => {
    expect((await ask(SERVICE_TOKENS.reader, Array<Buffer>(100).fill(LIST))).code).to.equal('OK');
    expect((await ask(SERVICE_TOKENS.reader, Array<Buffer>(101).fill(LIST))).code).to.equal('RESOURCE_EXHAUSTED');
  });

  it('is UNIMPLEMENTED unless USERSTORE_REFLECTION is set', async () => {
    const silent = await startUserstore(uri());
    try {
      expect((await ask(SERVICE_TOKENS.admin, [LIST], { at: silent.address })).code).to.equal('UNIMPLEMENTED');
    } finally {
      await silent.userstore.stop();
    }
  });
});
