/** A replica set of mongods on this machine whose members can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { findMongod } from '../../bin/mongod/find.js';
import { freePort } from '../../bin/port.js';

const NAME = 'bench';
const READY_MS = 60_000;
const ELECTION_TIMEOUT_MS = 2000;

/** A running replica set. */
export interface ReplicaSet {
  /** Returns the URI of a database. */
  uri: (database: string) => string;
  /** Kills the primary with SIGKILL, and starts it again once it has ended. */
  killPrimary: () => Promise<void>;
  stop: () => Promise<void>;
}

interface Member {
  host: string;
  child: ChildProcess;
}

/** Starts and initiates a replica set; waits until it has a primary. */
export async function startReplicaSet(folder: string, members: number, signal: AbortSignal): Promise<ReplicaSet> {
  const binary = await findMongod((line) => process.stderr.write(`${line}\n`), signal);
  const start = (port: number) => {
    const args = [
      '--replSet',
      NAME,
      '--port',
      String(port),
      '--bind_ip',
      '127.0.0.1',
      '--wiredTigerCacheSizeGB',
      '0.25',
    ];
    const child = spawn(binary, [...args, '--dbpath', join(folder, String(port))], { stdio: 'ignore', detached: true });
    return { host: `127.0.0.1:${port}`, child };
  };
  const all: Member[] = [];
  for (let count = 0; count < members; count++) {
    const port = await freePort();
    await mkdir(join(folder, String(port)));
    all.push(start(port));
  }
  const hosts = all.map(({ host }) => host);
  const uri = (database: string) => `mongodb://${hosts.join(',')}/${database}?replicaSet=${NAME}`;
  const stop = async () => void (await Promise.all(all.map(({ child }) => end(child, 'SIGKILL'))));
  try {
    await initiate(hosts, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    uri,
    async killPrimary() {
      const host = await primaryOf(uri('admin'), signal);
      const index = all.findIndex((member) => member.host === host);
      const { child } = all[index] as Member;
      await end(child, 'SIGKILL');
      all[index] = start(Number(host.split(':')[1]));
    },
    stop,
  };
}

async function end(child: ChildProcess, how: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(how);
  await gone;
}

async function initiate(hosts: string[], signal: AbortSignal): Promise<void> {
  const client = await new mongo.MongoClient(`mongodb://${hosts[0]}/?directConnection=true`, {
    serverSelectionTimeoutMS: READY_MS,
  }).connect();
  const members = hosts.map((host, _id) => ({ _id, host }));
  const settings = { electionTimeoutMillis: ELECTION_TIMEOUT_MS };
  try {
    await eventually(() => client.db('admin').command({ replSetInitiate: { _id: NAME, members, settings } }), signal);
  } finally {
    await client.close();
  }
  await primaryOf(`mongodb://${hosts.join(',')}/admin?replicaSet=${NAME}`, signal);
}

/** Repeats a command until it succeeds: a member refuses it until all others listen. */
async function eventually(command: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const giveUp = Date.now() + READY_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      await command();
      return;
    } catch (error) {
      if (Date.now() > giveUp) throw error;
    }
    await sleep(200);
  }
}

/** Returns the host of the primary, once there is one. */
async function primaryOf(uri: string, signal: AbortSignal): Promise<string> {
  const giveUp = Date.now() + READY_MS;
  for (;;) {
    signal.throwIfAborted();
    const client = new mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
    try {
      const { primary } = await client.db('admin').command({ hello: 1 });
      if (typeof primary === 'string') return primary;
    } catch (error) {
      if (Date.now() > giveUp) throw error;
    } finally {
      await client.close();
    }
    await sleep(200);
  }
}
