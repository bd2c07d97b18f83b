/** What is in files of TLS certificates: whether it can be used, and for how long. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Problem, Rule } from './variables.js';

/** A bundle of all public CAs is a quarter of it. */
const MAX_BYTES = 1024 * 1024;

/** Paths of PEM files, or the names of the variables that have the paths. */
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

/** Until when the own certificate is valid, and the first of the CAs to expire. */
export interface Validity {
  cert?: Date;
  ca?: Date;
}

/** The rule that what is in the files that these variables name can be used. */
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

/** What a TLS connection would fail of, each with the file that it lies in. */
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

/** Until when good certificates are so. */
export function validityOf({ cert, ca }: Pem): Validity {
  const ends = (pem: Buffer) => certificatesIn(pem).map(endOf);
  const own = cert && ends(cert)[0];
  const first = ca && new Date(Math.min(...ends(ca).map(Number)));
  return { ...(own && { cert: own }), ...(first && { ca: first }) };
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----).)+-----END \1-----/gs;
/** The beginning or the end of a block that is not whole, be it cut off within its first line. */
const PIECE = /^-----(?:BEGIN|END) |^-{1,5}[A-Z ]*$(?!\s*\S)/m;

function flawOf(pem: Buffer): string | undefined {
  const text = pem.toString('latin1');
  if (blocksIn(text).length === 0) return 'has no certificate in PEM form';
  // As while it is being written.
  if (PIECE.test(text.replace(BLOCK, ''))) return 'has a part that is cut off';
  try {
    certificatesIn(pem);
    return undefined;
  } catch {
    return 'has a certificate that cannot be read';
  }
}

function flawOfChain(chain: X509Certificate[], now: number): string | undefined {
  // TLS sends the file as it is, and not every client puts it in order.
  const isInOrder = chain.slice(1).every((issuer, position) => chain[position]?.checkIssued(issuer));
  if (!isInOrder) return "must have each certificate issued by the one after it, the process's own being first";
  return flawOfEnd(chain.map(endOf)[0], now);
}

/** What is wrong with a certificate that is valid until then. */
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
