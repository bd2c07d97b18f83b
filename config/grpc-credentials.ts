/** gRPC credentials for both ends of a connection, which follow certificates. */
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

/** What it takes to open a channel. */
export interface Channel {
  credentials: ChannelCredentials;
  options: ChannelOptions;
}

/** How a client connects with TLS. */
export interface ClientTls {
  /** `ca` verifies the server; `cert` and `key` say who the client is. Undefined: without TLS. */
  certificates?: Certificates | undefined;
  /** The name that the server's certificate must have; undefined: the host of the address. */
  serverName?: string | undefined;
}

/** A channel to a server at `address` ("host:port"). New certificates count for connections that are made from then on. */
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
    // The name that TLS asks for, which must not be an IP address.
    options: { 'grpc.ssl_target_name_override': isIP(name) ? 'userstore' : name },
  };
}

/** For a server: with TLS where there are certificates, and for clients with a certificate only where there is a `ca`. */
export function serverCredentials(certificates: Certificates | undefined): ServerCredentials {
  if (!certificates) return ServerCredentials.createInsecure();
  const provider = providerOf(certificates);
  const hasClientCa = certificates.current().ca !== undefined;
  // The first provides the server's own certificate, the second the CA, whatever the names of the parameters say.
  return experimental.createCertificateProviderServerCredentials(provider, hasClientCa ? provider : null, hasClientCa);
}

/** Unlike grpc-js's own provider of files it never has nothing to offer: that one would refuse all connections. */
function providerOf(certificates: Certificates): experimental.CertificateProvider {
  const leave = new Map<object, () => void>();
  const add = <Update>(listener: (update: Update | null) => void, updateOf: (pem: Pem) => Update | null) => {
    const tell = (pem: Pem) => listener(updateOf(pem));
    leave.set(listener, certificates.follow(tell));
    // Not at once: who asks is not ready for the answer yet.
    queueMicrotask(() => tell(certificates.current()));
  };
  const remove = (listener: object) => {
    leave.get(listener)?.();
    leave.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => add(listener, ({ ca }) => (ca ? { caCertificate: ca } : null)),
    addIdentityCertificateListener: (listener) =>
      add(listener, ({ cert, key }) => (cert && key ? { certificate: cert, privateKey: key } : null)),
    removeCaCertificateListener: remove,
    removeIdentityCertificateListener: remove,
  };
}
