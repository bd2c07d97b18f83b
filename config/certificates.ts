/** TLS certificates out of files, which are read again while the process runs: a broken new file leaves the old in use. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** How often the files are read again. */
const INTERVAL_MS = 3000;

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The process's own certificate, first in a file with those that issued it. */
  cert?: string | undefined;
  /** Its private key. */
  key?: string | undefined;
  /** The certificates by which others' are verified. */
  ca?: string | undefined;
}

/** What is in the files. */
export type Pem = { [File in keyof CertificateFiles]?: Buffer };

/** Certificates that follow their files. */
export interface Certificates {
  /** The last ones that were good. */
  current(): Pem;
  /** Calls `listener` whenever there are new ones, until what it returns is called. */
  follow(listener: (pem: Pem) => void): () => void;
  /** Reads the files no more. */
  close(): void;
}

/** Where it is said which certificates are in use. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Reads the files now and every 3 seconds. Throws what is wrong with them now; what is wrong later is logged. */
export async function followCertificates(files: CertificateFiles, log?: Log): Promise<Certificates> {
  const listeners = new Set<(pem: Pem) => void>();
  let current = await read(files);
  let reported: string | undefined;
  let isReading = false;
  const use = (pem: Pem) => {
    const validTo = check(files, pem);
    current = pem;
    for (const listener of listeners) listener(pem);
    log?.info({ ...files, validTo }, 'certificates');
  };
  use(current);

  const readAgain = async () => {
    if (isReading) return;
    isReading = true;
    try {
      const next = await read(files);
      if (!isSame(next, current)) use(next);
      reported = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== reported) log?.warn({ reason }, 'new certificates are broken; the old ones stay in use');
      reported = reason;
    } finally {
      isReading = false;
    }
  };
  const reading = setInterval(() => void readAgain(), INTERVAL_MS).unref();

  return {
    current: () => current,
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(reading),
  };
}

async function read(files: CertificateFiles): Promise<Pem> {
  const named = Object.entries(files).filter(([, path]) => path !== undefined);
  return Object.fromEntries(await Promise.all(named.map(async ([file, path]) => [file, await readFile(path)])));
}

const isSame = (one: Pem, other: Pem) =>
  (['cert', 'key', 'ca'] as const).every((file) => one[file]?.toString() === other[file]?.toString());

/** Throws what a TLS connection would fail of. Returns until when the own certificate is valid. */
function check(files: CertificateFiles, { cert, key, ca }: Pem): Date | undefined {
  if (ca) parse(ca, files.ca);
  if (!(cert && key)) return undefined;
  const chain = parse(cert, files.cert);
  for (const [position, issuer] of chain.slice(1).entries()) {
    // TLS sends the file as it is, and not every client puts it in order.
    if (chain[position]?.checkIssued(issuer)) continue;
    throw new Error(
      `${files.cert}: each certificate must be issued by the one after it, the process's own being first`,
    );
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new Error(`${files.key} is not the private key of ${files.cert}, or not readable without a password`, {
      cause: error,
    });
  }
  const validTo = new Date(chain[0]?.validTo ?? 0);
  if (validTo.getTime() < Date.now()) throw new Error(`${files.cert} is expired since ${validTo.toISOString()}`);
  return validTo;
}

function parse(pem: Buffer, path: string | undefined): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!blocks) throw new Error(`${path} has no certificate in PEM form`);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`${path} has a certificate that cannot be read`, { cause: error });
    }
  });
}
