/**
 * Clients of other people, which read answers into types that they make of /Schemas or bring along, and fail on any
 * value that has another. They work on an organization full of what Okta and Entra send.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { connect } from '../../bin/admin/userstore.js';
import { parseSchema } from '../../proto/schema-file.js';
import { freshTenant, needsOwnPair, sharedPair, type Tenant } from '../harness/organizations.js';
import { SERVICE_TOKENS } from '../harness/processes.js';
import { pythonWith } from '../harness/python.js';
import { ACME_USER, CORE_USER, createUser, ENTERPRISE_USER, patchBody, uniqueName } from '../harness/scim.js';
import { createGroup } from '../harness/scim-groups.js';

const SOURCES = fileURLToPath(new URL('../../../test/clients/', import.meta.url));
const PYTHON_PACKAGES = ['scim2-client[httpx2]==0.13.2', 'scim2-models==0.12.3'];
const COPY_LIBRARIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
/** Maven and the client run for seconds: they need no optimized code. */
const JAVA_OPTIONS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const MAVEN_OPTS = JAVA_OPTIONS.join(' ');
const USERS = 24;

const OAK = 'urn:ietf:params:scim:schemas:extension:oak:2.0:User';
const DECLARED = parseSchema(
  JSON.stringify({
    id: OAK,
    attributes: [
      { name: 'badge' },
      { name: 'floor', type: 'integer' },
      { name: 'share', type: 'decimal' },
      { name: 'hired', type: 'dateTime' },
      { name: 'page', type: 'reference' },
      { name: 'tags', multiValued: true },
      { name: 'place', type: 'complex', subAttributes: [{ name: 'code' }, { name: 'floor', type: 'integer' }] },
      { name: 'jobs', type: 'complex', multiValued: true, subAttributes: [{ name: 'value' }, { name: 'since' }] },
    ],
  }),
);

/** Users as Okta, Okta's wizard apps, Entra and OneLogin send them, with the values that made a typed client fail. */
const sent: ((userName: string) => object)[] = [
  (userName) => ({
    userName,
    title: 7,
    profileUrl: 'not a url',
    photos: [{ value: 'not a url' }, { value: 'https://x.example/a.png' }, 'a.png'],
  }),
  (userName) => ({
    userName,
    [OAK]: { badge: 'B', floor: '12', share: 0.5, hired: '2026-01-01T00:00:00Z', tags: 'a' },
  }),
  (userName) => ({
    userName,
    [OAK]: { place: { code: 'X', floor: '3' }, jobs: [{ value: 'a', since: '2020' }, { value: 'b' }] },
  }),
  (userName) => ({ userName, [ACME_USER]: { badge: 'B', level: 3, flags: [true], place: { floor: 1 } } }),
  (userName) => ({ userName, active: 'True', [ENTERPRISE_USER]: { manager: '7', employeeNumber: 701_984 } }),
  (userName) => ({ userName, roles: ['admin', { display: 'only' }], entitlements: 'x', emails: userName, groups: [] }),
  (userName) => ({
    userName,
    addresses: [{ type: 'work', formatted: 'Oak St\n1' }],
    x509Certificates: ['TUlJQg==', '?'],
  }),
  (userName) => ({ userName, id: null, name: { formatted: 'Ána "B" \\ 👩‍👩‍👧' }, [ENTERPRISE_USER]: {}, locale: '' }),
];

const run = promisify(execFile);

describe('typed clients', function () {
  this.timeout(300_000);
  let tenant: Tenant;
  let folder: string;

  before(async function () {
    needsOwnPair(this);
    folder = await mkdtemp(join(tmpdir(), 'typed-clients-'));
    tenant = await freshTenant();
    const admin = connect((await sharedPair()).address, SERVICE_TOKENS.admin);
    await admin.updateOrganization(tenant.organizationId, () => ({ extensionSchemas: [DECLARED] }));
    admin.close();
    const ids: string[] = [];
    for (let index = 0; index < USERS; index++) {
      const schemas = [CORE_USER, ENTERPRISE_USER];
      const body = { schemas, ...sent[index % sent.length]?.(uniqueName()) };
      const { status, body: user, text } = await tenant.scim('POST', '/Users', body);
      expect(status, text).to.equal(201);
      ids.push(user.id);
    }
    const operation = { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: [{ $ref: null, value: ids[0] }] };
    await tenant.scim('PATCH', `/Users/${ids[1]}`, patchBody(operation));
    await createUser(tenant.scim);
    for (let count = 0; count < 9; count++) await createGroup(tenant.scim, ids.slice(0, count));
  });
  after(() => folder && rm(folder, { recursive: true, force: true }));

  /** Fetches what a client needs; skips the test, and says why, where the machine or its network has it not. */
  async function prepare<T>(context: Mocha.Context, name: string, fetch: () => Promise<T>): Promise<T> {
    try {
      return await fetch();
    } catch (error) {
      const { message, stdout = '' } = error as Error & { stdout?: string };
      console.log(`      skipped: ${name} cannot be had here: ${`${message} ${stdout}`.slice(0, 300)}`);
      return context.skip();
    }
  }

  async function works(file: string, ...args: string[]): Promise<void> {
    const { stdout } = await run(file, [...args, tenant.baseUrl, tenant.secret, uniqueName()], { timeout: 90_000 });
    expect(stdout).to.equal(`read ${USERS + 1} users\n`);
  }

  it('scim2-client (Python) discovers, reads, creates, replaces, patches, lists and deletes without an error', async function () {
    const python = await prepare(this, 'scim2-client', () => pythonWith(PYTHON_PACKAGES, join(folder, 'venv')));
    await works(python, join(SOURCES, 'typed_client.py'));
  });

  it('UnboundID’s SCIM 2 SDK (Java) does the same', async function () {
    const libraries = join(folder, 'libraries');
    const pom = join(SOURCES, 'pom.xml');
    await prepare(this, 'the SDK', async () => {
      await run('java', ['-version']);
      const copied = ['-q', '-B', '-f', pom, COPY_LIBRARIES, `-DoutputDirectory=${libraries}`];
      await run('mvn', copied, { timeout: 200_000, env: { ...process.env, MAVEN_OPTS } });
    });
    await works('java', ...JAVA_OPTIONS, '-cp', join(libraries, '*'), join(SOURCES, 'TypedClient.java'));
  });
});
