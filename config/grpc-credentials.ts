/** gRPC credentials for both ends of a connection, which follow changes of certificates. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  experimental,
  ServerCredentials,
} from '@grpc/grpc-js';
import type { Pem } from './certificate-files.js';
import type { Certificates } from './certificates.js';

/** The parameters of a gRPC channel. */
export interface Channel {
  credentials: ChannelCredentials;
  options: ChannelOptions;
}

/** The TLS settings of a client. */
export interface ClientTls {
  /** `ca` verifies the server; `cert` and `key` identify the client. Without certificates the client uses no TLS. */
  certificates?: Certificates | undefined;
  /** The name that the server's certificate must have; the host of the address if undefined. */
  serverName?: string | undefined;
}

/** Returns a channel to a server at `address` ("host:port"). New certificates apply to new connections. */
export function channel(address: string, { certificates, serverName }: ClientTls): Channel {
  if (!certificates) return { credentials: credentials.createInsecure(), options: {} };
  const provider = providerOf(certificates);
  const name = serverName ?? address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return {
    credentials: experimental.createCertificateProviderChannelCredentials(
      provider,
      certificates.current().cert ? provider : null,
      { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) },
    ),
    // The server name that TLS sends must not be an IP address (RFC 6066 section 3).
    options: { 'grpc.ssl_target_name_override': isIP(name) ? 'userstore' : name },
  };
}

/**
 * Returns the credentials of a server: TLS if there are certificates, and client certificates required if there is a
 * `ca`.
 */
export function serverCredentials(certificates: Certificates | undefined): ServerCredentials {
  if (!certificates) return ServerCredentials.createInsecure();
  const provider = providerOf(certificates);
  const hasClientCa = certificates.current().ca !== undefined;
  // Despite the parameters' names, the first provides the server's own certificate and the second the CA.
  return experimental.createCertificateProviderServerCredentials(provider, hasClientCa ? provider : null, hasClientCa);
}

/**
 * Creates a provider that always has certificates. grpc-js's own file provider refuses all connections without them.
 */
function providerOf(certificates: Certificates): experimental.CertificateProvider {
  const unfollow = new Map<object, () => void>();
  const add = <Update>(listener: (update: Update | null) => void, updateOf: (pem: Pem) => Update | null) => {
    const tell = (pem: Pem) => listener(updateOf(pem));
    unfollow.set(listener, certificates.follow(tell));
    // Asynchronously, because grpc-js is not ready for the update yet.
    queueMicrotask(() => tell(certificates.current()));
  };
  const remove = (listener: object) => {
    unfollow.get(listener)?.();
    unfollow.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => add(listener, ({ ca }) => (ca ? { caCertificate: ca } : null)),
    addIdentityCertificateListener: (listener) =>
      add(listener, ({ cert, key }) => (cert && key ? { certificate: cert, privateKey: key } : null)),
    removeCaCertificateListener: remove,
    removeIdentityCertificateListener: remove,
  };
}
