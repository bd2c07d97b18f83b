/** Checks the client's mirror under many changes, cuts and kills, and measures its memory for a large organization. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect } from '../client/connect.js';
import { checkMirror } from '../test/crash/mirror-check.js';
import { createTenants, type Keep, type Setting, startChain, TOKENS } from './chains.js';
import type { Database } from './database.js';
import { table } from './report.js';
import { seedUsers } from './walk.js';

const CHANGES = 10_000;
const CUTS = 20;
const KILLS = 5;
const USERS = 100_000;
const FIELDS = ['userName', 'displayName', 'active'] as const;
const MIB = 1024 * 1024;

/** Runs both. Returns a text. Throws an Error with the faults of the check, if there are any. */
export async function measureMirror(database: Database, setting: Setting, keep: Keep): Promise<string> {
  const report = (line: string) => process.stderr.write(`${line}\n`);
  const start = performance.now();
  const mongodbUri = `${database.uri}-mirror`;
  const checked = await checkMirror({ mongodbUri, changes: CHANGES, cuts: CUTS, kills: KILLS, report });
  if (checked.faults.length > 0) throw new Error(checked.faults.join('\n'));
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const figures = [CHANGES, CUTS, KILLS, checked.failures, checked.users].map(String);
  const head = ['changes', 'cuts', 'kills', 'refused or unanswered', 'users at the end', 'seconds'];
  const result = `The mirrors have what ListUsers returns:\n\n${table([head, [...figures, seconds]])}`;
  return `${result}\n\n${await measureMemory(database.uri, setting, keep)}`;
}

async function measureMemory(mongodbUri: string, setting: Setting, keep: Keep): Promise<string> {
  const { address } = await startChain('product', mongodbUri, [], setting, keep);
  const [{ organizationId }] = await createTenants(address);
  process.stderr.write(`seeding ${USERS} users …\n`);
  await seedUsers(mongodbUri, organizationId, USERS);
  const userstore = connect({ address, token: TOKENS.admin });
  const rows: string[][] = [];
  for (const fields of [FIELDS, undefined]) {
    const [before, start] = [heapInUse(), performance.now()];
    const mirror = userstore.mirror({ organizationId, fields });
    await mirror.synced;
    const seconds = (performance.now() - start) / 1000;
    const mib = (heapInUse() - before) / MIB;
    rows.push([fields?.join(', ') ?? 'all fields', String(mirror.size), seconds.toFixed(1), mib.toFixed(0)]);
    await mirror.close();
  }
  userstore.close();
  return `Its memory:\n\n${table([['fields besides id and etag', 'users', 'seconds until synced', 'MiB of heap'], ...rows])}`;
}

/** Returns the bytes of JavaScript's heap that are in use. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
