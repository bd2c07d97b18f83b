/** Certificates in files, read again while a client runs: a service takes a renewed certificate without a restart. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Certificates, Pem } from '../proto/certificate-provider.js';

const INTERVAL_MS = 3000;
const NAMES = ['ca', 'cert', 'key'] as const;

/** Paths of PEM files. */
export interface TlsFiles {
  /** The CA certificates that verify userstore. */
  ca: string;
  /** The client's own certificate, followed by its issuers; together with `key`. */
  cert?: string | undefined;
  /** The private key of `cert`. */
  key?: string | undefined;
}

/**
 * Reads the files now and every few seconds. Files that cannot be used later, such as a half-written pair, leave the
 * previous ones in use. Throws Error if they cannot be used now.
 */
export function followFiles(files: TlsFiles, intervalMs = INTERVAL_MS): Certificates {
  const listeners = new Set<(pem: Pem) => void>();
  const named = NAMES.flatMap((name) => (files[name] === undefined ? [] : [[name, files[name]] as const]));
  let current: Pem = Object.fromEntries(named.map(([name, path]) => [name, readFileSync(path)]));
  createSecureContext(current);

  const readAgain = async () => {
    const read = await Promise.all(named.map(async ([name, path]) => [name, await readFile(path)] as const));
    const pem: Pem = Object.fromEntries(read);
    if (read.every(([name, bytes]) => current[name]?.equals(bytes))) return;
    createSecureContext(pem);
    current = pem;
    for (const listener of listeners) listener(pem);
  };
  const reading = setInterval(() => void readAgain().catch(() => undefined), intervalMs).unref();

  return {
    current: () => current,
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(reading),
  };
}
