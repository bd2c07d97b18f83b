/** One real mongod for the whole test run: the server that MONGODB_URI_TEST names, else one of our own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMongod } from '../../bin/mongod/find.js';
import { type Mongod, startMongod } from '../../bin/mongod.js';

let own: { mongod: Mongod; dbPath: string } | undefined;

/** Starts a mongod with its own data, for a test that ends it. */
export async function startOwnMongod(): Promise<{ mongod: Mongod; dbPath: string; binary: string }> {
  const binary = await findMongod((line) => process.stderr.write(`${line}\n`));
  const dbPath = await mkdtemp(join(tmpdir(), 'mongod-test-'));
  return { mongod: await startMongod({ binary, dbPath }), dbPath, binary };
}

/** The URI of the test server; `database` keeps suites apart. */
export function testMongodbUri(database: string): string {
  const base = process.env.MONGODB_URI_TEST;
  if (!base) throw new Error('no test server: mochaGlobalSetup has not run');
  const [, server = '', query = ''] = /^([^:]+:\/\/[^/?]+)\/?[^?]*(\?.*)?$/.exec(base) ?? [];
  return `${server}/${database}${query}`;
}

export async function mochaGlobalSetup(): Promise<void> {
  if (process.env.MONGODB_URI_TEST) return;
  own = await startOwnMongod();
  process.env.MONGODB_URI_TEST = own.mongod.uri;
}

export async function mochaGlobalTeardown(): Promise<void> {
  if (!own) return;
  await own.mongod.stop();
  await rm(own.dbPath, { recursive: true, force: true });
}
