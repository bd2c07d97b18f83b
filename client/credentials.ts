/** gRPC credentials of a client, which follow changes of certificates. */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, experimental } from '@grpc/grpc-js';
import { type Certificates, certificateProvider } from '../proto/certificate-provider.js';
import { followFiles, type TlsFiles } from './certificate-files.js';

/** The TLS settings of a client. Without them, it uses no TLS. */
export interface ClientTls {
  /** Files in PEM form, which are read again every few seconds. */
  tls?: TlsFiles | undefined;
  /** Instead of files: certificates that the caller follows. */
  certificates?: Certificates | undefined;
  /** The name that the server's certificate must have; the host of the first address if undefined. */
  serverName?: string | undefined;
}

/** The credentials and options of a gRPC channel. */
export interface Credentials {
  credentials: ChannelCredentials;
  options: ChannelOptions;
  /** Ends the reading of files. */
  close: () => void;
}

/**
 * Returns the credentials for a server at `address` ("host:port"). New certificates apply to new connections. Throws
 * Error if a file cannot be used.
 */
export function credentialsFor(address: string, { tls, certificates, serverName }: ClientTls): Credentials {
  const own = tls && followFiles(tls);
  const followed = own ?? certificates;
  if (!followed) return { credentials: credentials.createInsecure(), options: {}, close: () => undefined };
  const provider = certificateProvider(followed);
  const name = serverName ?? address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return {
    credentials: experimental.createCertificateProviderChannelCredentials(
      provider,
      followed.current().cert ? provider : null,
      { checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate) },
    ),
    // The server name that TLS sends must not be an IP address (RFC 6066 section 3).
    options: { 'grpc.ssl_target_name_override': isIP(name) ? 'userstore' : name },
    close: () => own?.close(),
  };
}
