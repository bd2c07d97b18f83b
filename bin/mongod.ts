/** Runs a mongod of our own on 127.0.0.1, on data that stays. */
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoInstance } from 'mongodb-memory-server';
import { freePort } from './port.js';
import type { Running } from './start/supervise.js';

// Without this the library compares the binary with the version it would have downloaded, and warns.
process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK ??= 'false';

/** Recovery after a crash reads the journal first. */
const LAUNCH_MS = 120_000;
/** A parent that was killed leaves its mongod behind until the watcher looks, every two seconds. */
const ORPHAN_MS = 4000;

/** A running mongod. */
export interface Mongod extends Running {
  /** Names no database. */
  uri: string;
  port: number;
}

/** What to run, and on which data; without a port a free one is taken. */
export interface MongodOptions {
  binary: string;
  dbPath: string;
  port?: number | undefined;
}

/**
 * Starts `binary` on the data in `dbPath` (made if there is none) and waits until it takes connections. It is in a
 * process group of its own, so that a terminal's Ctrl-C does not end it before those who use it; when this process is
 * killed, a watcher of mongodb-memory-server ends it.
 * Throws an Error with mongod's own words when it does not start, and one that says so when the data is in use.
 */
export async function startMongod({ binary, dbPath, port }: MongodOptions): Promise<Mongod> {
  await mkdir(dbPath, { recursive: true });
  const giveUp = Date.now() + ORPHAN_MS;
  for (;;) {
    const chosen = port ?? (await freePort());
    const instance = new Instance({
      instance: { port: chosen, ip: '127.0.0.1', dbPath, storageEngine: 'wiredTiger', launchTimeout: LAUNCH_MS },
      binary: { systemBinary: binary },
      spawn: { detached: true },
    });
    try {
      await instance.start();
      return running(instance, chosen);
    } catch (error) {
      await instance.stop();
      const isDataInUse = instance.complaint.includes('DBPathInUse');
      const isPortInUse = instance.complaint.includes('already in use') && port === undefined;
      if (Date.now() < giveUp && (isDataInUse || isPortInUse)) {
        await sleep(250);
        continue;
      }
      if (isDataInUse) throw new Error(`the data in ${dbPath} is in use by another running instance`);
      throw new Error(`mongod says: ${instance.complaint || String(error)}`);
    }
  }
}

function running(instance: Instance, port: number): Mongod {
  return {
    uri: `mongodb://127.0.0.1:${port}`,
    port,
    pid: instance.mongodProcess?.pid,
    exited: instance.exited,
    stop: async () => {
      await instance.stop();
    },
  };
}

/** One that remembers its end and its first complaint. */
class Instance extends MongoInstance {
  complaint = '';
  private end: (how: string) => void = () => {};
  readonly exited = new Promise<string>((resolve) => {
    this.end = resolve;
  });
  private rest = '';

  /** Hands over whole lines, one at a time: the library parses what it is given as one, and throws out of an event. */
  override stdoutHandler(chunk: string | Buffer): void {
    const lines = (this.rest + chunk.toString()).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (/"s":"[EF]"/.test(line)) {
        // The innermost text says most: {"msg":"…","attr":{"error":"…"}}.
        this.complaint ||= [...line.matchAll(/"(?:error|msg)":"((?:[^"\\]|\\.)*)"/g)].at(-1)?.[1] ?? line;
      }
      super.stdoutHandler(line);
    }
  }

  override closeHandler(code: number | null, signal: string | null): void {
    super.closeHandler(code, signal);
    this.end(signal ?? `exit code ${code}`);
  }
}
