/** The HTTP server of the edge: its timeouts, its connection limit, and errors that occur before Express runs. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Certificates } from '../config/certificates.js';
import { endQuietly, inTurn } from './leaving.js';
import { limitConnections } from './limits/connections.js';
import { startInTurns } from './limits/start-line.js';
import { badRequest, errorBody, ScimError } from './scim/scim-error.js';

/** Maximum of open connections, each of which takes some memory while it is idle. */
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
/** A year, in seconds: browsers then use HTTPS alone (RFC 6797). */
const HSTS_SECONDS = 31_536_000;

/** The limits of a server that follow from the configuration. */
export interface ServerLimits {
  /** Maximum of requests in progress. */
  maxRequests: number;
  /** Number of proxies in front; without one, each network has its share of the connections. */
  trustedProxies: number;
}

/** Creates the server, for HTTPS if there are certificates, whose changes it follows. Does not listen. */
export function createHttpServer(
  app: RequestListener,
  certificates: Certificates | undefined,
  { maxRequests, trustedProxies }: ServerLimits,
): Server {
  const listener = startInTurns(app);
  const server = certificates ? createHttpsServer(listener, certificates) : createServer(LIMITS, listener);
  server.on('connection', listener.accepted);
  server.timeout = SOCKET_TIMEOUT_MS;
  const maxConnections = Math.max(MAX_CONNECTIONS, 2 * maxRequests);
  const connected = certificates ? 'secureConnection' : 'connection';
  limitConnections(server, maxConnections, trustedProxies === 0, connected);
  endQuietly(server, connected);
  server.prependListener('request', toOriginForm);
  if (certificates) {
    server.prependListener('request', (_request, response: ServerResponse) => {
      response.setHeader('Strict-Transport-Security', `max-age=${HSTS_SECONDS}`);
    });
  }
  server.on('clientError', refuseUnparsable);
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket, new ScimError(405, undefined, 'This is not a proxy.'));
  });
  server.on('checkExpectation', (_request, response: ServerResponse) => {
    refuse(response.socket, new ScimError(417, undefined, 'The only expectation that can be met is 100-continue.'));
  });
  return server;
}

/**
 * Turns an absolute request target into a path and the Host header into its authority, which counts instead (RFC 9112
 * section 3.2.2).
 */
function toOriginForm(request: IncomingMessage): void {
  const [target, authority] = /^https?:\/\/([^/?#]+)/i.exec(request.url ?? '') ?? [];
  if (target === undefined || authority === undefined) return;
  const rest = request.url?.slice(target.length) ?? '';
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.host = authority;
}

function createHttpsServer(app: RequestListener, certificates: Certificates): Server {
  const tls = { ...LIMITS, minVersion: 'TLSv1.2', handshakeTimeout: 5000 } as const;
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
  // A client that ends in the middle of a request may be one of hundreds that end together.
  if (error.code === 'HPE_INVALID_EOF_STATE') inTurn(() => refuse(socket, NOT_HTTP));
  else refuse(socket, UNPARSABLE[error.code ?? ''] ?? NOT_HTTP);
}

const NOT_HTTP = badRequest('invalidSyntax', 'The request is not valid HTTP.');
/** The refusals of what Node.js cannot parse, by its code. */
const UNPARSABLE: Record<string, ScimError> = {
  HPE_HEADER_OVERFLOW: new ScimError(431, undefined, 'The address or the headers of the request are too long.'),
  ERR_HTTP_REQUEST_TIMEOUT: new ScimError(408, undefined, 'The request took too long to arrive.'),
};

function refuse(socket: Socket | null, refusal: ScimError): void {
  const body = JSON.stringify(errorBody(refusal));
  socket?.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nConnection: close\r\nContent-Type: application/scim+json; charset=utf-8\r\n` +
      'Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
