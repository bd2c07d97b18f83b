/** The check of the event log under many kills: on a single server that is killed too, and on a replica set. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findMongod } from '../../bin/mongod/find.js';
import { startMongod } from '../../bin/mongod.js';
import { type Checked, checkEventLog, type Victim } from '../../test/crash/event-log/check.js';
import type { Keep, Setting } from '../chains.js';
import { table } from '../report.js';
import { startReplicaSet } from './replica-set.js';

/** Kills half of the times on each of the two. Returns a table. Throws an Error with the faults, if there are any. */
export async function checkUnderKills({ folder, signal }: Setting, keep: Keep, kills: number): Promise<string> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const rows: string[][] = [];
  const checkOn = async (name: string, mongodbUri: string, victim: Victim, count: number) => {
    const start = performance.now();
    const checked = await checkEventLog({ mongodbUri, kills: count, victims: [victim], report, signal });
    if (checked.faults.length > 0) throw new Error(`${name}: ${checked.faults.slice(0, 20).join('\n')}`);
    const row = rowOf(name, checked, (performance.now() - start) / 1000);
    report(row.join('; '));
    rows.push(row);
  };
  const single = await startServer(join(folder, 'killed'), keep);
  await checkOn('single server', `${single.uri}/events`, single.victim, Math.ceil(kills / 2));
  const setFolder = join(folder, 'set');
  await mkdir(setFolder);
  const set = await startReplicaSet(setFolder, 3, signal);
  keep(set.stop);
  const primary = { name: 'primary', kill: set.killPrimary };
  await checkOn('replica set of three', set.uri('events'), primary, Math.floor(kills / 2));
  const head = ['database', 'kills', 'acknowledged', 'refused or unanswered', 'events', 'seconds'];
  return `Each watcher has what GET says, each version once and in order, and every acknowledged change:\n\n${table([head, ...rows])}`;
}

const rowOf = (name: string, { kills, acknowledged, failures, events }: Checked, seconds: number) => [
  name,
  Object.entries(kills)
    .map(([victim, count]) => `${count} × ${victim}`)
    .join(', '),
  ...[acknowledged, failures, events, seconds].map((value) => value.toFixed(0)),
];

async function startServer(dbPath: string, keep: Keep) {
  const binary = await findMongod((line) => process.stderr.write(`${line}\n`));
  let mongod = await startMongod({ binary, dbPath });
  keep(() => mongod.stop());
  const victim: Victim = {
    name: 'mongod',
    async kill() {
      process.kill(mongod.pid ?? 0, 'SIGKILL');
      await mongod.exited;
      mongod = await startMongod({ binary, dbPath, port: mongod.port });
    },
  };
  return { uri: mongod.uri, victim };
}
