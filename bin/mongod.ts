/** Runs an embedded mongod on 127.0.0.1 with persistent data. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoInstance } from 'mongodb-memory-server';
import { createPrivateFolder } from '../config/private-folder.js';
import { freePort } from './port.js';
import type { Running } from './start/supervise.js';

// Otherwise the library warns if the binary's version differs from the one that it would download.
process.env.MONGOMS_SYSTEM_BINARY_VERSION_CHECK ??= 'false';

/** Longest start of mongod, which replays its journal after a crash. */
const LAUNCH_MS = 120_000;
/** Longest wait for the mongod of a killed parent to end. Its watcher checks every two seconds. */
const ORPHAN_MS = 4000;

/** A running mongod. */
export interface Mongod extends Running {
  /** The connection string, without a database. */
  uri: string;
  port: number;
}

/** The binary, the data folder and the port of a mongod; without a port it gets a free one. */
export interface MongodOptions {
  binary: string;
  dbPath: string;
  port?: number | undefined;
}

/**
 * Starts `binary` on the data in `dbPath`, which is created if missing, and waits until it accepts connections. It has
 * its own process group, so that Ctrl-C in a terminal does not end it before its clients. If this process is killed, a
 * watcher of mongodb-memory-server ends it.
 * Throws an Error with mongod's message if it does not start, or an Error that the data is in use.
 */
export async function startMongod({ binary, dbPath, port }: MongodOptions): Promise<Mongod> {
  await createPrivateFolder(dbPath);
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

/** A mongod that records its exit and its first error. */
class Instance extends MongoInstance {
  complaint = '';
  private end: (how: string) => void = () => {};
  readonly exited = new Promise<string>((resolve) => {
    this.end = resolve;
  });
  private rest = '';

  /** Passes whole lines one at a time, because the library parses each chunk as one line and throws within an event. */
  override stdoutHandler(chunk: string | Buffer): void {
    const lines = (this.rest + chunk.toString()).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (/"s":"[EF]"/.test(line)) {
        // The innermost text is the most specific: {"msg":"…","attr":{"error":"…"}}.
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
