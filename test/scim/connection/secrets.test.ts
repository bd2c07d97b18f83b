/** Passwords and tokens that clients send stay nowhere. Numbers are those of the product's acceptance list. */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import mongoose from 'mongoose';
import { command } from '../../harness/commands.js';
import { freshTenant, needsOwnPair, sharedMongodbUri, sharedPair } from '../../harness/organizations.js';
import { SERVICE_TOKENS } from '../../harness/processes.js';
import {
  type Answer,
  byFilter,
  CORE_USER,
  createUser,
  oktaUser,
  patchBody,
  scimClient,
  uniqueName,
} from '../../harness/scim.js';
import { eventually } from '../../harness/userstore.js';

/** The secret and its encodings. */
const tracesOf = (secret: string) => {
  const sha256 = createHash('sha256').update(secret);
  const digests = [sha256.copy().digest('hex'), sha256.digest('base64')];
  return [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret), ...digests];
};
const expectNoTrace = (text: string, secret: string) => {
  for (const trace of tracesOf(secret)) expect(text).not.to.include(trace);
};
const newPassword = () => `Pa55/word+${randomUUID()}`;

/** Every way in which a client can send a password; each is an accepted or a refused request. */
async function sendPassword(password: string, { scim }: Awaited<ReturnType<typeof freshTenant>>): Promise<Answer[]> {
  const { id, userName } = await createUser(scim, { password });
  const patch = (...operations: unknown[]) => scim('PATCH', `/Users/${id}`, patchBody(...operations));
  return [
    await scim('GET', `/Users/${id}`),
    await scim('POST', '/Users', oktaUser(userName, { password })),
    await scim('POST', '/Users', oktaUser(uniqueName(), { password, active: 'perhaps' })),
    await scim('POST', '/Users', oktaUser(uniqueName(), { PASSWORD: password })),
    await scim('POST', '/Users', `{"password":"${password}"`),
    await scim('POST', '/Users', oktaUser(uniqueName(), { password: [{ value: password }] })),
    await scim('PUT', `/Users/${id}`, oktaUser(userName, { password })),
    await scim('PUT', `/Users/${id}`, oktaUser(userName, { password, active: false })),
    await patch({ op: 'replace', value: { password } }),
    await patch({ op: 'replace', value: { active: true, Password: password } }),
    await patch({ op: 'Replace', path: 'password', value: password }),
    await patch({ op: 'add', path: `${CORE_USER}:password`, value: password }),
    await patch({ op: 'add', value: { [`${CORE_USER}:password`]: password } }),
    await patch({ op: 'add', value: { password } }, { op: 'add', path: 'nosuch', value: password }),
    await scim('GET', byFilter('password eq "x"')),
    await scim('GET', '/Users'),
  ];
}

describe('SCIM secrets', () => {
  it('B20: a password that comes by POST, PUT or PATCH is taken without error and never answered', async () => {
    const tenant = await freshTenant();
    const password = newPassword();
    const answers = await sendPassword(password, tenant);
    for (const { text } of answers) {
      expectNoTrace(text, password);
      expect(text).not.to.match(/"password"/i);
    }
    const accepted = answers.filter(({ status }) => status < 300);
    expect(accepted).to.have.length(11);
  });

  it('B20: a password under the URN of the core schema is no more kept than another', async () => {
    const { scim } = await freshTenant();
    const password = newPassword();
    const { id } = await createUser(scim, { [CORE_USER]: { password } });
    for (const operation of [
      { op: 'add', path: CORE_USER, value: { password } },
      { op: 'add', value: { [CORE_USER]: { password } } },
    ]) {
      expectNoTrace((await scim('PATCH', `/Users/${id}`, patchBody(operation))).text, password);
    }
    expectNoTrace((await scim('GET', `/Users/${id}`)).text, password);
  });

  it('B20: no password is in the database, its activities and changes included, or in the log of either service', async function () {
    needsOwnPair(this);
    const tenant = await freshTenant();
    const password = newPassword();
    const answers = await sendPassword(password, tenant);
    const last = answers.at(-1)?.headers.get('x-request-id') ?? '';
    for (const log of await logsWith(last)) expectNoTrace(log, password);
    // A later failure: once its bodies are stored, those of the others are, too.
    const failed = await tenant.scim('POST', '/Users', oktaUser('later', { active: 'perhaps', password }));
    const reference = failed.headers.get('x-request-id');
    const isStored = async () => (await databaseText()).split(`"_id":"${reference}"`).length > 2;
    await eventually('the activity and the bodies of the failure are stored', isStored);
    const stored = await databaseTextWith(last);
    expect(stored).to.include(tenant.organizationId).and.to.include(answers[0]?.body.id).and.to.include('[redacted]');
    expectNoTrace(stored, password);
  });

  it('no API token, accepted or refused, is in the log of a service or in plain text in the database', async function () {
    needsOwnPair(this);
    const { scim, secret, baseUrl } = await freshTenant();
    const wrong = randomUUID();
    await createUser(scim);
    for (const credentials of [`apikey ${wrong}`, `Bearer ${wrong}`, `Basic ${wrong}`, wrong]) {
      expect((await scimClient(baseUrl, credentials)('GET', '/Users')).status).to.equal(401);
    }
    // One of the two values for Okta taken for the other, and a token where an id should be.
    const swapped = baseUrl.replace(tenantIn(baseUrl), secret);
    expect((await scimClient(swapped, `apikey ${secret}`)('GET', '/Users')).status).to.equal(401);
    expect((await fetch(swapped.replace('/scim/v2', '/setup'))).status).to.equal(404);
    expect((await scim('GET', `/Users/${secret}`)).status).to.equal(404);
    const last = (await scim('GET', '/Users')).headers.get('x-request-id') ?? '';
    for (const log of await logsWith(last)) {
      expectNoTrace(log, secret);
      expectNoTrace(log, wrong);
    }
    const stored = await databaseTextWith(last);
    expect(stored).not.to.include(secret);
    expectNoTrace(stored, wrong);
  });

  it('no token is among the arguments of a process, while the services and commands run', async function () {
    needsOwnPair(this);
    const { secret, baseUrl } = await freshTenant();
    const { address } = await sharedPair();
    const env = { ADMIN_TOKEN: SERVICE_TOKENS.admin, USERSTORE_ADDRESS: address };
    const organizationId = tenantIn(baseUrl);
    const running = [
      command('okta', ['--url', baseUrl, '--users', '2'], { SCIM_TOKEN: `apikey ${secret}` }),
      command('admin', ['activity', organizationId], env),
    ];
    const { stdout } = await promisify(execFile)('ps', ['axww', '-o', 'args=']);
    expect((await Promise.all(running)).map(({ code }) => code)).to.deep.equal([0, 0]);
    for (const script of ['edge/main.js', 'userstore/main.js', 'bin/okta.js', 'bin/admin.js']) {
      expect(stdout).to.include(script);
    }
    for (const token of [secret, ...Object.values(SERVICE_TOKENS)]) expectNoTrace(stdout, token);
  });
});

/** The organization in a base URL. */
const tenantIn = (baseUrl: string): string => baseUrl.split('/').at(-3) ?? '';

/** The logs of both services once they have this request. */
async function logsWith(requestId: string): Promise<string[]> {
  const { edge, userstore } = await sharedPair();
  const late = Date.now() + 5000;
  while (![edge, userstore].every(({ log }) => log().includes(requestId))) {
    expect(Date.now(), 'the request is in both logs within five seconds').to.be.below(late);
    await sleep(20);
  }
  return [edge.log(), userstore.log()];
}

/** All that the database of the shared pair holds, once the activity of this request is in it. */
async function databaseTextWith(requestId: string): Promise<string> {
  await eventually('the request is among the activities', async () => (await databaseText()).includes(requestId));
  return await databaseText();
}

async function databaseText(): Promise<string> {
  const connection = await mongoose.createConnection(sharedMongodbUri()).asPromise();
  try {
    const collections = (await connection.db?.collections()) ?? [];
    const documents = await Promise.all(collections.map((collection) => collection.find().toArray()));
    return JSON.stringify(documents);
  } finally {
    await connection.close();
  }
}
