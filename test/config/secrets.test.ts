/** Secrets from files are visible nowhere in a running service. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant } from '../harness/organizations.js';
import { SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { createUser } from '../harness/scim.js';

describe('secrets from files', function () {
  this.timeout(30_000);

  it('are used, but appear in no log, environment or process list', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secrets-'));
    const database = `secret-database-${process.pid}`;
    const file = async (name: string, content: string) => {
      await writeFile(join(folder, name), `${content}\n`);
      return join(folder, name);
    };
    const tokens = Object.entries(SERVICE_TOKENS).map(([role, token]) => `${role}:${role}:${token}`);
    const none = { MONGODB_URI: '', SERVICE_TOKENS: '', USERSTORE_TOKEN: '' };
    const pair = await startPair('', {
      ...none,
      MONGODB_URI_FILE: await file('uri', testMongodbUri(database)),
      SERVICE_TOKENS_FILE: await file('tokens', tokens.join(',')),
      USERSTORE_TOKEN_FILE: await file('token', SERVICE_TOKENS.edge),
    });
    try {
      await createUser((await createTenant(pair)).scim);
      const secrets = [database, ...Object.values(SERVICE_TOKENS)];
      for (const service of [pair.edge, pair.userstore]) {
        const seen = [service.log()];
        // The data that `ps` shows.
        if (process.platform === 'linux') {
          for (const name of ['environ', 'cmdline'])
            seen.push(await readFile(`/proc/${service.pid()}/${name}`, 'utf8'));
          expect(seen.join()).to.include('SERVICE_TOKENS_FILE=');
        }
        for (const secret of secrets) expect(seen.join()).not.to.include(secret);
        expect(service.log()).to.match(/"(USERSTORE_TOKEN|SERVICE_TOKENS)":"set"/);
      }
    } finally {
      await pair.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
