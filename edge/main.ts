/** The edge process: environment → configuration → client → application → listen; and the way down again. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { showCertificates } from '../config/certificate-metrics.js';
import { type Certificates, followCertificates } from '../config/certificates.js';
import { serveMetrics } from '../config/metrics-server.js';
import { secretsOf } from '../config/variables.js';
import { createActivityRecorder } from './activity/recorder.js';
import { createApp } from './app.js';
import { CERTIFICATES, type Config, readConfig, variables } from './config.js';
import { createDrain } from './drain.js';
import { createEdgeMetrics } from './metrics.js';
import type { SignInOptions } from './routes/sign-in/context.js';
import { badRequest, errorBody, ScimError } from './scim/scim-error.js';
import { findLoginSecret } from './sign-in/login-secret.js';
import { createStoreClient } from './store-client.js';
import { callSpan } from './tracing.js';

/** As many connections are kept open, each of which takes some memory while it is idle; those beyond are closed. */
const MAX_CONNECTIONS = 10_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = pino({ level: config.logLevel, base: { service: 'edge' } }, pino.destination({ sync: false }));
  log.info(config.inEffect, 'configuration');

  const stopped = stopSignal();
  const certificates = config.tls && (await followCertificates(config.tls, log));
  const clientCertificates = config.userstoreTls && (await followCertificates(config.userstoreTls, log));
  const registry = new Registry();
  const metrics = createEdgeMetrics(registry);
  showCertificates(registry, [
    [certificates, CERTIFICATES.https],
    [clientCertificates, CERTIFICATES.calls],
  ]);
  if (config.metrics) await serveMetrics(registry, config.metrics, stopped);
  const store = createStoreClient({
    address: config.userstoreAddress,
    serviceToken: await serviceToken(config),
    certificates: clientCertificates,
    serverName: config.userstoreTlsName,
    deadlineMs: config.storeDeadlineMs,
    observe(rpc, metadata) {
      const ends = [callSpan(rpc, metadata), metrics.call(rpc)];
      return (code) => {
        for (const end of ends) end(code);
      };
    },
  });
  metrics.show({ userstore_calls_in_flight: store.callsInFlight, userstore_calls_queued: store.callsQueued });
  const activities = createActivityRecorder(store, log, metrics);
  const signIn = await signInOptions(config, log);
  const app = createApp({ ...config, store, log, activities, metrics, signIn });
  const server = listener(app, certificates);
  limitConnections(server, config);
  const drain = createDrain(server);
  server.on('clientError', refuseUnparsable);
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket, new ScimError(405, undefined, 'This is not a proxy.'));
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    refuse(response.socket, new ScimError(417, undefined, 'The only expectation that can be met is 100-continue.'));
  });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  log.info(server.address(), 'listening');
  if (process.connected) process.send?.('ready');

  if (!stopped.aborted) await once(stopped, 'abort');
  log.info('stopping');
  await drain();
  await activities.stop();
  store.close();
  certificates?.close();
  clientCertificates?.close();
  log.info('stopped');
}

/** A server of HTTP, or of HTTPS where there are certificates. */
function listener(app: RequestListener, certificates: Certificates | undefined): Server {
  const limits = {
    // Above the 60 s after which Okta closes its side.
    keepAliveTimeout: 65_000,
    // Slow senders are cut off, and looked for more often than each half a minute.
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 1000,
    requireHostHeader: false,
  };
  if (!certificates) return createServer(limits, app);
  const tls = { ...limits, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
  const server = createTlsServer({ ...tls, ...certificates.current() }, app);
  certificates.follow((pem) => server.setSecureContext({ ...pem, minVersion: 'TLSv1.2' }));
  return server;
}

/** Keeps no more connections than it should, and none whose client does not take its answer. */
function limitConnections(server: Server, { maxRequests }: Config): void {
  server.timeout = 90_000;
  server.maxConnections = Math.max(MAX_CONNECTIONS, 2 * maxRequests);
  // Idle ones, of which anybody can open many, make room.
  server.on('drop', () => server.closeIdleConnections());
}

/** Aborts on SIGTERM, SIGINT, and when a parent that started this process with a channel is gone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => controller.abort());
  return controller.signal;
}

/** The token that was given, else the one that userstore made for an edge on the same machine. */
async function serviceToken({ userstoreToken, userstoreTls, dataDir }: Config): Promise<string | undefined> {
  if (userstoreToken !== undefined || userstoreTls?.cert) return userstoreToken;
  const file = join(dataDir, 'service-tokens.json');
  try {
    const { edge } = JSON.parse(await readFile(file, 'utf8')) as { edge?: unknown };
    if (typeof edge === 'string') return edge;
  } catch {
    // Said below.
  }
  throw new Error(`USERSTORE_TOKEN is not set and ${file}, which a userstore on this machine makes, has none`);
}

/** What sign-in takes, if the edge has been told its own address, to which browsers come back. */
async function signInOptions(config: Config, log: Logger): Promise<SignInOptions | undefined> {
  if (config.publicUrl === undefined) return undefined;
  const { origin, protocol, hostname } = new URL(config.publicUrl);
  const appUrl = config.appUrl ?? `${origin}/`;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol === 'http:' && !isLoopback)
    log.warn('browsers keep sign-ins and sessions over https only: see PUBLIC_URL');
  if (new URL(appUrl).hostname !== hostname) log.warn('sessions are seen on the host of PUBLIC_URL only: see APP_URL');
  return { publicUrl: origin, appUrl, passwordUrl: config.passwordLoginUrl, secret: await findLoginSecret(config) };
}

/** Answers what is not HTTP, or has too large a header, before Express sees it. */
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  // Before TLS is agreed there is no way to say anything.
  const isHandshake = /^ERR_(SSL|TLS)_/.test(error.code ?? '');
  if (error.code === 'ECONNRESET' || isHandshake || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusals: Record<string, ScimError> = {
    HPE_HEADER_OVERFLOW: new ScimError(431, undefined, 'The address or the headers of the request are too long.'),
    ERR_HTTP_REQUEST_TIMEOUT: new ScimError(408, undefined, 'The request took too long to arrive.'),
  };
  const refusal = refusals[error.code ?? ''] ?? badRequest('invalidSyntax', 'The request is not valid HTTP.');
  refuse(socket, refusal);
}

function refuse(socket: Socket | null, refusal: ScimError): void {
  const body = JSON.stringify(errorBody(refusal));
  socket?.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Type: application/scim+json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

main().then(
  () => {
    if (process.connected) process.disconnect();
  },
  (error: unknown) => {
    process.stderr.write(`edge: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
