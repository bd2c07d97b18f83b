/** The HTTP server of the edge: its timeouts, its connection limit, and errors that occur before Express runs. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Certificates } from '../config/certificates.js';
import { badRequest, errorBody, ScimError } from './scim/scim-error.js';

/** Maximum of open connections, each of which takes some memory while it is idle; any more are closed. */
const MAX_CONNECTIONS = 10_000;

const LIMITS = {
  // Okta closes an idle connection after 60 s. The edge waits longer, so that it never closes one that Okta is using.
  keepAliveTimeout: 65_000,
  // Slow senders are disconnected. The default checks for them only every 30 s.
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 1000,
  requireHostHeader: false,
};
/** A connection is closed if the client does not read its response for this time. */
const SOCKET_TIMEOUT_MS = 90_000;

/** Creates the server, for HTTPS if there are certificates, whose changes it follows. Does not listen. */
export function createHttpServer(
  app: RequestListener,
  certificates: Certificates | undefined,
  maxRequests: number,
): Server {
  const server = certificates ? createHttpsServer(app, certificates) : createServer(LIMITS, app);
  server.timeout = SOCKET_TIMEOUT_MS;
  server.maxConnections = Math.max(MAX_CONNECTIONS, 2 * maxRequests);
  // Anyone can open many idle connections, so these are closed in favour of new ones.
  server.on('drop', () => server.closeIdleConnections());
  server.on('clientError', refuseUnparsable);
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket, new ScimError(405, undefined, 'This is not a proxy.'));
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    refuse(response.socket, new ScimError(417, undefined, 'The only expectation that can be met is 100-continue.'));
  });
  return server;
}

function createHttpsServer(app: RequestListener, certificates: Certificates): Server {
  const tls = { ...LIMITS, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
  const server = createTlsServer({ ...tls, ...certificates.current() }, app);
  certificates.follow((pem) => server.setSecureContext({ ...pem, minVersion: 'TLSv1.2' }));
  return server;
}

/** Refuses a request that Node.js cannot parse or whose header is too large. */
function refuseUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  // No response can be sent before the TLS handshake is complete.
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
