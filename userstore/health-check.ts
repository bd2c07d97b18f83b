/** The health check of userstore's image, a process of its own: exit status 0 while the userstore beside it serves. */
import { type Client, credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';

const TIMEOUT_MS = 3000;

const HealthClient = makeGenericClientConstructor(healthService, 'Health');
const client = new HealthClient(`127.0.0.1:${process.env.USERSTORE_PORT || 50_051}`, credentials.createInsecure());

client.check?.({ service: '' }, { deadline: Date.now() + TIMEOUT_MS }, answered);

function answered(this: Client, error: ServiceError | null, answer: { status: string } | undefined): void {
  if (answer?.status !== 'SERVING') {
    process.stderr.write(`${error?.message ?? `userstore says ${answer?.status}`}\n`);
    process.exitCode = 1;
  }
  client.close();
}
