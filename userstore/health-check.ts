/** The health check of userstore's image, a process of its own: exit status 0 while the userstore beside it serves. */
import { readFileSync } from 'node:fs';
import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';

const TIMEOUT_MS = 3000;

const { USERSTORE_PORT, USERSTORE_TLS_CERT, USERSTORE_TLS_KEY } = process.env;

const HealthClient = makeGenericClientConstructor(healthService, 'Health');
const client = new HealthClient(`127.0.0.1:${USERSTORE_PORT || 50_051}`, channelCredentials(), {
  // TLS knows servers by name, not by address.
  'grpc.ssl_target_name_override': 'localhost',
});
client.check?.({ service: '' }, { deadline: Date.now() + TIMEOUT_MS }, answered);

/** Where clients must have a certificate, userstore's own will do: without a role it may ask for health. */
function channelCredentials() {
  if (!USERSTORE_TLS_CERT || !USERSTORE_TLS_KEY) return credentials.createInsecure();
  // Its certificate is for the name by which clients know it, not for this machine's loopback address.
  const verify = { rejectUnauthorized: false };
  return credentials.createSsl(null, readFileSync(USERSTORE_TLS_KEY), readFileSync(USERSTORE_TLS_CERT), verify);
}

function answered(error: ServiceError | null, answer: { status: string } | undefined): void {
  if (answer?.status === 'SERVING') process.exit(0);
  process.stderr.write(`${error?.message ?? `userstore says ${answer?.status}`}\n`);
  process.exit(1);
}
