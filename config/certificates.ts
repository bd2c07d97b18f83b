/** TLS certificates out of files, which are read again while the process runs: a broken new file leaves the old in use. */
import { readFile } from 'node:fs/promises';
import { type CertificateFiles, flawOfEnd, flawsOf, type Pem, type Validity, validityOf } from './certificate-files.js';

/** How often the files are read again. */
const INTERVAL_MS = 3000;
/** How long before its end a certificate is warned of. */
const SOON_MS = 14 * 24 * 3_600_000;
/** How often it is said again that certificates end soon, and that they are broken. */
const REMIND_OF_END_MS = 24 * 3_600_000;
const REMIND_OF_BROKEN_MS = 3_600_000;

/** Certificates that change. */
export interface Certificates {
  /** The last ones that were good. */
  current(): Pem;
  /** Calls `listener` whenever there are new ones, until what it returns is called. */
  follow(listener: (pem: Pem) => void): () => void;
  /** Reads the files no more. */
  close(): void;
}

/** Certificates that follow their files. */
export interface FollowedCertificates extends Certificates {
  /** Until when those in use are valid. */
  validity(): Validity;
  /** Whether those that are in the files now can be used: a process that starts now would start. */
  areUsable(): boolean;
}

/** Where it is said which certificates are in use. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Reads the files now and every 3 seconds. Throws what is wrong with them now; what is wrong later is logged, again every
 * hour, and from 14 days before its end that a certificate expires, every day.
 */
export async function followCertificates(
  files: CertificateFiles,
  log?: Log,
  { intervalMs = INTERVAL_MS, now = Date.now } = {},
): Promise<FollowedCertificates> {
  const listeners = new Set<(pem: Pem) => void>();
  let current: Pem = {};
  let validity: Validity = {};
  let broken: string | undefined;
  let warned = { text: '', time: 0 };

  const take = (pem: Pem) => {
    if (isSame(pem, current)) {
      // Of what has been judged once nothing but time makes something else.
      const flaw = flawOfEnd(validity.cert, now());
      if (flaw !== undefined) throw new Error(`${files.cert} ${flaw}`);
      return;
    }
    const flaws = flawsOf(files, pem, now());
    if (flaws.length > 0) throw new Error(flaws.map(({ message }) => message).join('; '));
    current = pem;
    validity = validityOf(pem);
    for (const listener of listeners) listener(pem);
    log?.info({ ...files, validTo: validity.cert, caValidTo: validity.ca }, 'certificates');
  };
  const remind = (everyMs: number, fields: object, message: string) => {
    const text = JSON.stringify([message, fields]);
    if (text === warned.text && now() - warned.time < everyMs) return;
    warned = { text, time: now() };
    log?.warn(fields, message);
  };
  const warn = () => {
    const endsSoon = Object.values(validity).some((end) => end.getTime() - now() < SOON_MS);
    if (broken !== undefined) {
      const message = 'the certificates in the files are broken; those of before stay in use';
      remind(REMIND_OF_BROKEN_MS, { reason: broken }, message);
    } else if (endsSoon) {
      const fields = { ...files, validTo: validity.cert, caValidTo: validity.ca };
      remind(REMIND_OF_END_MS, fields, 'certificates expire soon, or have');
    } else warned = { text: '', time: 0 };
  };

  take(await read(files));
  warn();
  let isReading = false;
  const readAgain = async () => {
    if (isReading) return;
    isReading = true;
    try {
      take(await read(files));
      broken = undefined;
    } catch (error) {
      broken = error instanceof Error ? error.message : String(error);
    }
    isReading = false;
    warn();
  };
  const reading = setInterval(() => void readAgain(), intervalMs).unref();

  return {
    current: () => current,
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(reading),
    validity: () => validity,
    areUsable: () => broken === undefined,
  };
}

async function read(files: CertificateFiles): Promise<Pem> {
  const named = Object.entries(files).filter(([, path]) => path !== undefined);
  return Object.fromEntries(await Promise.all(named.map(async ([file, path]) => [file, await readFile(path)])));
}

const isSame = (one: Pem, other: Pem) =>
  (['cert', 'key', 'ca'] as const).every((file) => one[file]?.toString() === other[file]?.toString());
