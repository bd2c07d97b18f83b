/** Checks files of TLS certificates, and tells when the certificates expire. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Problem, Rule } from './variables.js';

/** Largest certificate file. A bundle of all public CAs has a quarter of this size. */
const MAX_BYTES = 1024 * 1024;

/** Paths of PEM files, or the names of the variables that contain the paths. */
export interface CertificateFiles {
  /** The process's own certificate, followed by its issuers in the same file. */
  cert?: string | undefined;
  /** Its private key. */
  key?: string | undefined;
  /** The CA certificates that verify other processes. */
  ca?: string | undefined;
}

/** The contents of the files. */
export type Pem = { [File in keyof CertificateFiles]?: Buffer };

/** Expiry of the process's own certificate, and of the CA that expires first. */
export interface Validity {
  cert?: Date;
  ca?: Date;
}

/** Returns the rule that the files named by these variables are usable. */
export const usable =
  (variables: CertificateFiles): Rule =>
  (values, readFile) => {
    const problems: Problem[] = [];
    const [files, pem]: [CertificateFiles, Pem] = [{}, {}];
    for (const file of ['cert', 'key', 'ca'] as const) {
      const variable = variables[file];
      const path = variable && values[variable];
      if (!variable || typeof path !== 'string') continue;
      files[file] = path;
      try {
        pem[file] = Buffer.from(readFile(path, MAX_BYTES));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        problems.push({ variable, message: `${path} cannot be read: ${reason}` });
      }
    }
    const flaws = flawsOf(files, pem).map(({ file, message }) => ({ variable: variables[file] ?? file, message }));
    return [...problems, ...flaws];
  };

/** Returns the flaws that would make TLS connections fail, each with its file. */
export function flawsOf(files: CertificateFiles, { cert, key, ca }: Pem, now = Date.now()) {
  const flaws: { file: keyof CertificateFiles; message: string }[] = [];
  const check = (file: keyof CertificateFiles, message: string | undefined) => {
    if (message !== undefined) flaws.push({ file, message: `${files[file]} ${message}` });
    return message === undefined;
  };
  if (ca) check('ca', flawOf(ca));
  if (!cert) return flaws;
  const isGood = check('cert', flawOf(cert) ?? flawOfChain(certificatesIn(cert), now));
  if (isGood && key && !isKeyOf(cert, key)) {
    check('key', `is not the private key of ${files.cert}, or not readable without a password`);
  }
  return flaws;
}

/** Returns when flawless certificates expire. */
export function validityOf({ cert, ca }: Pem): Validity {
  const ends = (pem: Buffer) => certificatesIn(pem).map(endOf);
  const own = cert && ends(cert)[0];
  const first = ca && new Date(Math.min(...ends(ca).map(Number)));
  return { ...(own && { cert: own }), ...(first && { ca: first }) };
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----).)+-----END \1-----/gs;
/** The begin or end line of an incomplete block, or an incomplete first line. */
const PIECE = /^-----(?:BEGIN|END) |^-{1,5}[A-Z ]*$(?!\s*\S)/m;

function flawOf(pem: Buffer): string | undefined {
  const text = pem.toString('latin1');
  if (blocksIn(text).length === 0) return 'has no certificate in PEM form';
  // A file that is being written is incomplete.
  if (PIECE.test(text.replace(BLOCK, ''))) return 'has a part that is cut off';
  try {
    certificatesIn(pem);
    return undefined;
  } catch {
    return 'has a certificate that cannot be read';
  }
}

function flawOfChain(chain: X509Certificate[], now: number): string | undefined {
  // TLS sends the certificates in the order of the file, and not every client sorts them.
  const isInOrder = chain.slice(1).every((issuer, position) => chain[position]?.checkIssued(issuer));
  if (!isInOrder) return "must have each certificate issued by the one after it, the process's own being first";
  return flawOfEnd(chain.map(endOf)[0], now);
}

/** Returns the flaw of a certificate that is valid until `end`; undefined if it is still valid. */
export const flawOfEnd = (end: Date | undefined, now: number): string | undefined =>
  end && end.getTime() < now ? `is expired since ${end.toISOString()}` : undefined;

function isKeyOf(cert: Buffer, key: Buffer): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

const endOf = ({ validTo }: X509Certificate) => new Date(validTo);

const blocksIn = (text: string): string[] =>
  [...text.matchAll(BLOCK)].filter(([, label]) => label === 'CERTIFICATE').map(([block]) => block);

const certificatesIn = (pem: Buffer): X509Certificate[] =>
  blocksIn(pem.toString('latin1')).map((block) => new X509Certificate(block));
