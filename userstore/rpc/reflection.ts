/** gRPC's server reflection: tells grpcurl, buf and other tools the contract, with its comments, and the health service. */
import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type Server, type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** The contract and gRPC's health service as buf compiles them, seen from this module in `dist/`. */
const IMAGES = ['contract.binpb', 'health.binpb'].map((name) => new URL(`../../../proto/gen/${name}`, import.meta.url));
/** Most requests of one stream, whose answers wait in memory until the client reads them. Tools ask a few times. */
const MAX_REQUESTS = 100;

/** Adds the service, versions v1 and v1alpha, to a server. */
export function addReflection(server: Server): void {
  const files = IMAGES.flatMap((image) => fromBinary(FileDescriptorSetSchema, readFileSync(image)).file);
  const fileDescriptorProtos = files.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  // Of a package definition the service reads the descriptors of files only.
  const contract = { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos };
  const addService = (service: ServiceDefinition, { ServerReflectionInfo: answer }: Record<string, Answer>) =>
    server.addService(service, { ServerReflectionInfo: (call: Call) => answer?.(bounded(call)) });
  new ReflectionService({ contract } as never).addToServer({ addService } as Pick<Server, 'addService'>);
}

type Call = ServerDuplexStream<unknown, unknown>;
type Answer = (call: Call) => void;

/** Ends a stream at one request too many. */
function bounded(call: Call): Call {
  let requests = 0;
  call.on('data', () => {
    if (++requests <= MAX_REQUESTS) return;
    call.removeAllListeners('data');
    const refusal = { code: status.RESOURCE_EXHAUSTED, details: `A stream has at most ${MAX_REQUESTS} requests.` };
    // Not at once: the service still answers this request, and a write after the end loses the status.
    process.nextTick(() => call.emit('error', refusal));
  });
  return call;
}
