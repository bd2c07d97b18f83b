/** A service that crashes leaves no secret in its log, nor in the report that Node.js can write. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { SECRET_KEY, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';

/** Makes a process throw, outside of everything that catches, at SIGUSR2. */
const SOURCE = 'process.on("SIGUSR2", () => { throw Error("crashed on purpose"); })';
const CRASH = `data:text/javascript,${encodeURIComponent(SOURCE)}`;

describe('a service that crashes', function () {
  this.timeout(30_000);

  it('leaves no secret in its log and in its report', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reports-'));
    const database = `reports-${process.pid}`;
    const pair = await startPair(testMongodbUri(database), {
      NODE_OPTIONS: `--report-uncaught-exception --report-directory=${folder} --import=${CRASH}`,
      SAID_BY_ENVIRONMENT: 'yes',
    });
    try {
      const { scim, secret } = await createTenant(pair);
      const password = 'Pa55-word-that-nobody-has';
      await createUser(scim, { password });
      for (const service of [pair.edge, pair.userstore]) await service.stop('SIGUSR2');

      const reports = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
      expect(reports).to.have.length(2);
      const logs = [pair.edge.log(), pair.userstore.log()];
      for (const text of [...reports, ...logs]) {
        expect(text).to.include('crashed on purpose');
        for (const trace of [secret, password, database, SECRET_KEY, ...Object.values(SERVICE_TOKENS)]) {
          expect(text).not.to.include(trace);
        }
      }
      // The report contains the environment: a missing secret was removed from it.
      for (const report of reports) expect(report).to.include('SAID_BY_ENVIRONMENT');
    } finally {
      await pair.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
