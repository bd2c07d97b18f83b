/** Certificates that can change, in the form in which grpc-js takes them: the same for both ends of a connection. */
import type { experimental } from '@grpc/grpc-js';

/** Certificates and keys in PEM form. */
export interface Pem {
  /** The process's own certificate, followed by its issuers. */
  cert?: Buffer;
  /** Its private key. */
  key?: Buffer;
  /** The CA certificates that verify the other end. */
  ca?: Buffer;
}

/** Certificates that can change. */
export interface Certificates {
  /** Returns the last usable certificates. */
  current(): Pem;
  /** Calls `listener` with all new certificates, until the returned function is called. */
  follow(listener: (pem: Pem) => void): () => void;
  /** Stops following. */
  close(): void;
}

/** Creates a provider that always has certificates. grpc-js's own file provider refuses all connections without them. */
export function certificateProvider(certificates: Certificates): experimental.CertificateProvider {
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
