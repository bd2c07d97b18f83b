/**
 * The health check of userstore's image, a separate process: it exits with status 0 if the userstore beside it serves.
 */
import { readFileSync } from 'node:fs';
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';

const TIMEOUT_MS = 3000;

const { USERSTORE_PORT, USERSTORE_TLS_CERT, USERSTORE_TLS_KEY } = process.env;

const HealthClient = makeGenericClientConstructor(healthService, 'Health');
const client = new HealthClient(`127.0.0.1:${USERSTORE_PORT || 50_051}`, channelCredentials(), {
  // Certificates name hosts, not loopback addresses.
  'grpc.ssl_target_name_override': 'localhost',
});
client.check?.({ service: '' }, { deadline: Date.now() + TIMEOUT_MS }, answered);

/**
 * Presents userstore's certificate where clients must have one: it names no role, and the health service needs none.
 */
function channelCredentials() {
  if (!USERSTORE_TLS_CERT || !USERSTORE_TLS_KEY) return credentials.createInsecure();
  // Its certificate is for the name that clients use, not for this machine's loopback address.
  const verify = { rejectUnauthorized: false };
  return credentials.createSsl(null, readFileSync(USERSTORE_TLS_KEY), readFileSync(USERSTORE_TLS_CERT), verify);
}

function answered(error: ServiceError | null, answer: { status: string } | undefined): void {
  if (answer?.status === 'SERVING') process.exit(0);
  process.stderr.write(`${error?.message ?? `userstore says ${answer?.status}`}\n`);
  process.exit(1);
}
