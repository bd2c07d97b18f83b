/**
 * TLS certificates in files, which the process re-reads while it runs. If a new file is broken, the old one stays in
 * use.
 */
import { readFile } from 'node:fs/promises';
import { type CertificateFiles, flawOfEnd, flawsOf, type Pem, type Validity, validityOf } from './certificate-files.js';

/** Interval between two reads of the files. */
const INTERVAL_MS = 3000;
/** Time before expiry from which the log warns. */
const SOON_MS = 14 * 24 * 3_600_000;
/** Intervals at which the log repeats its warnings. */
const REMIND_OF_EXPIRY_MS = 24 * 3_600_000;
const REMIND_OF_BROKEN_MS = 3_600_000;

/** Certificates that can change. */
export interface Certificates {
  /** Returns the last usable certificates. */
  current(): Pem;
  /** Calls `listener` with all new certificates, until the returned function is called. */
  follow(listener: (pem: Pem) => void): () => void;
  /** Stops reading the files. */
  close(): void;
}

/** Certificates that follow their files. */
export interface FollowedCertificates extends Certificates {
  /** Returns when the certificates in use expire. */
  validity(): Validity;
  /** Whether the current files are usable, that is, whether a process could start with them. */
  areUsable(): boolean;
}

/** The log of certificate changes and problems. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Reads the files now and every 3 seconds. Throws an Error if they are unusable now. Logs later problems, repeated
 * every hour, and the expiry of a certificate from 14 days before, repeated every day.
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

  const apply = (pem: Pem) => {
    if (isSame(pem, current)) {
      // Unchanged files can only have expired.
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
    const expiresSoon = Object.values(validity).some((end) => end.getTime() - now() < SOON_MS);
    if (broken !== undefined) {
      const message = 'certificate files are broken; the previous certificates stay in use';
      remind(REMIND_OF_BROKEN_MS, { reason: broken }, message);
    } else if (expiresSoon) {
      const fields = { ...files, validTo: validity.cert, caValidTo: validity.ca };
      remind(REMIND_OF_EXPIRY_MS, fields, 'certificates expire soon or have expired');
    } else warned = { text: '', time: 0 };
  };

  apply(await read(files));
  warn();
  let isReading = false;
  const readAgain = async () => {
    if (isReading) return;
    isReading = true;
    try {
      apply(await read(files));
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
