/** gRPC credentials of a client, which follow changes of certificates. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, experimental } from '@grpc/grpc-js';
import { type Certificates, certificateProvider } from '../proto/certificate-provider.js';

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
  const provider = certificateProvider(certificates);
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
