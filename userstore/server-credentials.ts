/** gRPC credentials of the server, which follow changes of certificates. */
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import { type Certificates, certificateProvider } from '../proto/certificate-provider.js';

/**
 * Returns the credentials of a server: TLS if there are certificates, and client certificates required if there is a
 * `ca`.
 */
export function serverCredentials(certificates: Certificates | undefined): ServerCredentials {
  if (!certificates) return ServerCredentials.createInsecure();
  const provider = certificateProvider(certificates);
  const hasClientCa = certificates.current().ca !== undefined;
  // Despite the parameters' names, the first provides the server's own certificate and the second the CA.
  return experimental.createCertificateProviderServerCredentials(provider, hasClientCa ? provider : null, hasClientCa);
}
