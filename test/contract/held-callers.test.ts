/**
 * Callers that are held to organizations, on every RPC of the contract's descriptors: a new RPC is here by itself, and a
 * new way to name an organization fails until userstore checks it.
 */
import { readdir } from 'node:fs/promises';
import type { MethodDefinition } from '@grpc/grpc-js';
import { expect } from 'chai';
import { type Reason, UserstoreError } from '../../client/errors.js';
import { openTransport, type Transport } from '../../client/transport.js';
import { MAX_BYTES_AT_ONCE } from '../../userstore/rpc/decoding.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';
import { addMembers } from '../harness/groups.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Service, startUserstore } from '../harness/processes.js';
import { actor } from '../harness/userstore.js';

type Method = MethodDefinition<object, object>;

const GENERATED = new URL('../../proto/gen/userstore/v1/', import.meta.url);
const ROLES = ['edge', 'reader', 'support', 'admin'];
const CALL_MS = 10_000;
const [OURS, THEIRS] = ['ourorganiztn', 'theirorgnztn'];

/** RPCs whose request has no field `organization_id`, and which show a held caller what is its own. */
const NARROWED = ['OrganizationService/ListOrganizations', 'SessionService/CheckSession', 'WebhookService/GetWebhook'];
/** Lists that show a held caller what is its own if the request names no organization. */
const LISTS = [
  'EventService/ListEvents',
  'SearchService/FindNames',
  'SearchService/Search',
  'WebhookService/ListWebhooks',
];

/** Returns the methods of all services of the contract, streams too. */
async function methods(): Promise<Method[]> {
  const files = (await readdir(GENERATED)).filter((file) => file.endsWith('_service.js'));
  const modules = await Promise.all(files.map((file) => import(new URL(file, GENERATED).href)));
  const services = modules.flatMap((module: Record<string, object>) =>
    Object.entries(module).filter(([name]) => name.endsWith('ServiceService')),
  );
  expect(services).to.have.length(files.length);
  return services.flatMap(([, service]) => Object.values(service) as Method[]);
}

const nameOf = ({ path }: Method) => path.slice(path.lastIndexOf('.') + 1);

/** Returns a request that names this organization if requests of the method can, and an actor likewise. */
function requestOf({ requestDeserialize }: Method, organizationId: string | undefined): object {
  const empty = requestDeserialize(Buffer.alloc(0));
  return {
    ...empty,
    ...(organizationId !== undefined && 'organizationId' in empty ? { organizationId } : {}),
    ...('actor' in empty ? { actor: actor() } : {}),
  };
}

/** Returns the reason for which a call fails; undefined if it succeeds, or fails without one. */
async function reasonOf(client: Transport, method: Method, request: object): Promise<Reason | undefined> {
  try {
    if (!method.responseStream) await client.unary(method, request);
    else for await (const _ of client.stream(method, request, AbortSignal.timeout(CALL_MS))) break;
    return undefined;
  } catch (error) {
    if (!(error instanceof UserstoreError) || error.code === 'DEADLINE_EXCEEDED') throw error;
    return error.reason;
  }
}

describe('a caller that is held to an organization', function () {
  this.timeout(60_000);
  const clients = new Map<string, Transport>();
  let folder: Folder;
  let userstore: Service;
  let all: Method[];

  before(async () => {
    folder = await certificatesOfTests();
    const started = await startUserstore(testMongodbUri(`held-${process.pid}`), tlsVariables(folder));
    userstore = started.userstore;
    all = await methods();
    for (const role of ROLES) {
      await folder.write(`held-${role}`, { role, organizationIds: [OURS, 'anotherofours'] });
      for (const name of [role, `held-${role}`]) {
        const certificates = await folder.clientOf(name);
        const grpc = { 'grpc.use_local_subchannel_pool': 1 };
        clients.set(name, openTransport({ address: started.address, certificates, grpc }));
      }
    }
  });
  after(async () => {
    for (const client of clients.values()) client.close();
    await userstore.stop();
    await folder.remove();
  });

  /** Returns the names of the RPCs that the caller is forbidden to call about this organization. */
  async function forbidden(caller: string, organizationId: string | undefined): Promise<string[]> {
    const client = clients.get(caller) as Transport;
    const found = [];
    for (const method of all) {
      const reason = await reasonOf(client, method, requestOf(method, organizationId));
      expect(reason, nameOf(method)).not.to.equal('CALLER_UNKNOWN');
      if (reason === 'CALLER_FORBIDDEN') found.push(nameOf(method));
    }
    return found;
  }
  const without = (names: string[]) => all.map(nameOf).filter((name) => !names.includes(name));
  const isNamed = (method: Method) => 'organizationId' in method.requestDeserialize(Buffer.alloc(0));

  it('is tried on many RPCs, a stream among them', () => {
    expect(all.length).to.be.greaterThan(50);
    expect(all.filter(({ responseStream }) => responseStream).map(nameOf)).to.include('EventService/WatchEvents');
  });

  it('is refused a request about another organization that is so large that userstore decodes it in parts', async () => {
    const method = all.find((one) => nameOf(one) === 'GroupService/PatchGroup') as Method;
    const operations = Array.from({ length: 300 }, (_, index) =>
      addMembers(...Array(20).fill(`user-${index}-of-many`.padEnd(36, '0'))),
    );
    const about = (organizationId: string) => ({ ...requestOf(method, organizationId), operations });
    expect(method.requestSerialize(about(THEIRS)).length).to.be.greaterThan(MAX_BYTES_AT_ONCE);
    const client = clients.get('held-admin') as Transport;
    expect(await reasonOf(client, method, about(THEIRS))).to.equal('CALLER_FORBIDDEN');
    const own = await reasonOf(clients.get('held-edge') as Transport, method, about(OURS));
    expect(own).not.to.equal('CALLER_FORBIDDEN');
  });

  for (const role of ROLES) {
    describe(`with the role "${role}"`, () => {
      it('is refused every RPC about another organization', async () => {
        expect(await forbidden(`held-${role}`, THEIRS)).to.include.members(without(NARROWED));
      });

      it('is refused every RPC without an organization', async () => {
        const mayBeUnnamed = [...NARROWED, ...LISTS];
        expect(await forbidden(`held-${role}`, undefined)).to.include.members(without(mayBeUnnamed));
      });

      it('may call about its own organizations what the role may, and nothing else', async () => {
        const ofRole = await forbidden(role, OURS);
        const unnamed = all.filter((method) => !isNamed(method)).map(nameOf);
        const expected = [...ofRole, ...unnamed.filter((name) => !NARROWED.includes(name))];
        expect(await forbidden(`held-${role}`, OURS)).to.have.members([...new Set(expected)]);
      });
    });
  }
});
