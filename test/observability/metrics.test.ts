/** Metrics: both services show them, they identify no person, and dashboard and alerts use existing ones. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freePort } from '../../bin/port.js';
import { certificatesOfTests, type Folder, replace, tlsVariables } from '../harness/certificates.js';
import { testMongodbUri } from '../harness/mongod.js';
import { createTenant, needsOwnPair, type Tenant } from '../harness/organizations.js';
import { type Pair, SERVICE_TOKENS, startPair } from '../harness/processes.js';
import { byUserName, createUser, patchBody, scimClient } from '../harness/scim.js';
import { eventually, failureIn, userstoreClient } from '../harness/userstore.js';

/** A time series, and its value. */
interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LABEL = /(\w+)(?:=~|!=|!~|=)"([^"]*)"/g;
/** The labels that Prometheus itself adds to every series. */
const OF_PROMETHEUS = ['job', 'instance', 'le'];
/** The series that Prometheus itself writes for each target. */
const SAID_BY_PROMETHEUS = ['up'];
const WORDS = ['by', 'without', 'and', 'or', 'unless', 'on', 'ignoring', 'bool', 'offset'];

describe('metrics', () => {
  let folder: Folder;
  let pair: Pair;
  let tenant: Tenant;
  let shown: { edge: string; userstore: string };
  before(async function () {
    needsOwnPair(this);
    shown = { edge: String(await freePort()), userstore: String(await freePort()) };
    folder = await certificatesOfTests();
    const { USERSTORE_TLS_CERT = '', USERSTORE_TLS_KEY = '', USERSTORE_TLS_CA = '' } = tlsVariables(folder);
    pair = await startPair(testMongodbUri(`metrics-${process.pid}`), {
      USERSTORE_TLS_CERT,
      USERSTORE_TLS_KEY,
      USERSTORE_TLS_CA,
      METRICS_PORT: shown.edge,
      USERSTORE_METRICS_PORT: shown.userstore,
    });
    tenant = await createTenant(pair, { certificates: await folder.clientOf() });
  });
  after(async () => {
    await pair?.stop();
    await folder?.remove();
  });

  const textOf = async (service: 'edge' | 'userstore') =>
    await (await fetch(`http://127.0.0.1:${shown[service]}/metrics`)).text();
  const samples = async (service: 'edge' | 'userstore') => parse(await textOf(service));
  const value = async (service: 'edge' | 'userstore', name: string, labels: Record<string, string>) => {
    const isMeant = (sample: Sample) =>
      sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text);
    return (await samples(service)).filter(isMeant).reduce((total, sample) => total + sample.value, 0);
  };

  it('requests are counted by the pattern of their route, method and status', async () => {
    const user = await createUser(tenant.scim);
    await tenant.scim('GET', `/Users/${user.id}`);
    await tenant.scim('GET', `/Users/${user.id}`);
    await tenant.scim('GET', '/Users/nobody');
    const name = 'http_request_duration_seconds_count';
    const route = '/Users/:id';
    expect(await value('edge', name, { method: 'POST', route: '/Users', status: '201' })).to.equal(1);
    expect(await value('edge', name, { method: 'GET', route, status: '200' })).to.equal(2);
    expect(await value('edge', name, { method: 'GET', route, status: '404' })).to.equal(1);
  });

  it('calls are counted at both their ends, by method and code, and so are the commands that they lead to', async () => {
    const counts = async () => [
      await value('edge', 'grpc_client_call_duration_seconds_count', { rpc: 'UserService/GetUser', code: 'NOT_FOUND' }),
      await value('userstore', 'grpc_server_call_duration_seconds_count', {
        rpc: 'UserService/GetUser',
        code: 'NOT_FOUND',
      }),
      await value('userstore', 'mongodb_command_duration_seconds_count', {
        command: 'insert',
        collection: 'users',
        result: 'ok',
      }),
    ];
    const before = await counts();
    await tenant.scim('GET', '/Users/nobody');
    await createUser(tenant.scim);
    expect(await counts()).to.deep.equal(before.map((count) => count + 1));
  });

  it('calls are counted by the name of their caller, and those without a known credential together', async () => {
    const name = 'grpc_server_caller_calls_total';
    const counts = async () => [
      await value('userstore', name, { caller: 'edge', code: 'NOT_FOUND' }),
      await value('userstore', name, { caller: 'unknown', code: 'UNAUTHENTICATED' }),
    ];
    const before = await counts();
    await tenant.scim('GET', '/Users/nobody');
    const stranger = userstoreClient(pair.address, 'leasehawk_of_nobody', 10_000, {
      certificates: await folder.clientOf(),
    });
    await failureIn(stranger.getOrganization({ organizationId: tenant.organizationId }));
    stranger.close();
    expect(await counts()).to.deep.equal(before.map((count) => count + 1));
    expect(await textOf('userstore')).not.to.include('of_nobody');
  });

  it('look-ups of tokens and decisions about limits are counted', async () => {
    const counts = async () => [
      await value('edge', 'token_cache_lookups_total', { result: 'hit' }),
      await value('edge', 'rate_limit_decisions_total', { decision: 'allowed' }),
    ];
    await tenant.scim('GET', '/Users?count=1');
    const before = await counts();
    await tenant.scim('GET', '/Users?count=1');
    expect(await counts()).to.deep.equal(before.map((count) => count + 1));
    expect(await value('edge', 'token_cache_lookups_total', { result: 'miss' })).to.be.at.least(1);
    expect(await value('edge', 'rate_limit_permits_fetched_total', {})).to.be.at.least(1);
  });

  it('nothing that is in flight is counted for ever, whether the client waits for the answer or not', async () => {
    for (let request = 0; request < 5; request++) {
      const signal = AbortSignal.timeout(1 + 3 * request);
      const body = JSON.stringify(patchBody({ op: 'replace', value: { title: 'x' } }));
      const headers = { authorization: `apikey ${tenant.secret}`, 'content-type': 'application/json' };
      await fetch(`${tenant.baseUrl}/Users/x${request}`, { method: 'PATCH', body, headers, signal }).catch(
        () => undefined,
      );
    }
    const levels = ['http_requests_in_flight', 'http_request_body_bytes', 'userstore_calls_in_flight'];
    for (const level of [...levels, 'userstore_calls_queued']) {
      await eventually(`${level} is 0`, async () => (await value('edge', level, {})) === 0, 3000);
    }
    const calls = () => value('userstore', 'grpc_server_calls_in_flight', {});
    await eventually('no call is in progress', async () => (await calls()) === 0, 3000);
  });

  it('no name, id, path or secret is among them', async () => {
    const user = await createUser(tenant.scim);
    await tenant.scim('GET', byUserName(user.userName));
    await tenant.scim('DELETE', `/Users/${user.id}`);
    await scimClient(`${tenant.baseUrl}/nowhere/${user.id}`, `apikey ${tenant.secret}`)('BREW', '/');
    const all = (await textOf('edge')) + (await textOf('userstore'));
    for (const secret of [tenant.organizationId, tenant.secret, user.id, user.userName, 'BREW', 'nowhere']) {
      expect(all).not.to.include(secret);
    }
  });

  it('certificates have their expiry and the usability of their files, labelled by variable', async () => {
    const path = folder.path('ca.crt');
    const ca = await readFile(path, 'utf8');
    const end = Date.parse(new X509Certificate(ca).validTo) / 1000;
    const ofEdge = { certificate: 'USERSTORE_TLS_CA' };
    const ofUserstore = { certificate: 'USERSTORE_TLS_CERT' };
    expect(await value('edge', 'certificate_expiry_timestamp_seconds', ofEdge)).to.equal(end);
    expect(await value('userstore', 'certificate_expiry_timestamp_seconds', ofUserstore)).to.be.above(
      Date.now() / 1000,
    );
    expect(await value('edge', 'certificate_files_usable', ofEdge)).to.equal(1);
    await replace(path, (ca + ca).slice(0, -100));
    const usable = async () => await value('edge', 'certificate_files_usable', ofEdge);
    await eventually('a half-written file is told', async () => (await usable()) === 0);
    expect(await value('userstore', 'certificate_files_usable', ofUserstore)).to.equal(1);
    expect(await value('edge', 'certificate_expiry_timestamp_seconds', ofEdge)).to.equal(end);
    expect((await tenant.scim('GET', '/Users?count=1')).status).to.equal(200);
    await replace(path, ca);
    await eventually('a good file is told', async () => (await usable()) === 1);
  });

  it('are shown by a userstore that waits for its database at start, and by one that has lost it', async () => {
    const port = String(await freePort());
    const env = {
      MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}`,
      SERVICE_TOKENS: `edge:edge:${SERVICE_TOKENS.edge}`,
      USERSTORE_METRICS_PORT: port,
    };
    const script = fileURLToPath(new URL('../../userstore/main.js', import.meta.url));
    const userstore = spawn(process.execPath, [script], { env, stdio: 'ignore' });
    try {
      const metrics = () =>
        fetch(`http://127.0.0.1:${port}/metrics`).then(async (answer) => await answer.text(), String);
      const isShown = async () => /^database_reachable\{.*\} 0$/m.test(await metrics());
      await eventually('metrics are shown', isShown);
    } finally {
      userstore.kill('SIGKILL');
      await once(userstore, 'exit');
    }
  });

  it('they are read, with a query too, and nothing else is on their port', async () => {
    for (const port of Object.values(shown)) {
      const at = `http://127.0.0.1:${port}`;
      expect(await (await fetch(`${at}/metrics?x=1`)).text()).to.include('# HELP');
      expect((await fetch(`${at}/metrics`, { method: 'HEAD' })).status).to.equal(200);
      const refused = await fetch(`${at}/metrics`, { method: 'POST', body: 'x' });
      expect([refused.status, refused.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
      for (const path of ['/', '/Users', '/health/ready', '/metrics2']) {
        expect((await fetch(at + path)).status).to.equal(404);
      }
    }
  });

  it('asking for readiness often does not make userstore work often', async () => {
    const calls = () => value('edge', 'grpc_client_call_duration_seconds_count', { rpc: 'Health/Check' });
    const before = await calls();
    const start = performance.now();
    const ready = await Promise.all(Array.from({ length: 100 }, () => fetch(`${pair.origin}/health/ready`)));
    expect(ready.map(({ status }) => status)).to.deep.equal(Array(100).fill(200));
    const most = 1 + (performance.now() - start) / 250;
    expect((await calls()) - before).to.be.within(1, most);
  });

  describe('asked for by', () => {
    let known: Map<string, Set<string>>;
    before(async () => {
      await tenant.scim('GET', '/Users?count=1');
      known = new Map();
      for (const { name, labels } of [...(await samples('edge')), ...(await samples('userstore'))]) {
        known.set(name, new Set([...(known.get(name) ?? []), ...Object.keys(labels)]));
      }
    });

    const expectKnown = (expressions: string[]) => {
      expect(expressions.length).to.be.above(10);
      for (const expression of expressions) {
        const named = namesIn(expression);
        expect(named, expression).not.to.have.length(0);
        for (const name of named) expect([...known.keys(), ...SAID_BY_PROMETHEUS], expression).to.include(name);
        const labels = named.flatMap((name) => [...(known.get(name) ?? [])]);
        for (const label of labelsIn(expression)) {
          expect([...labels, ...OF_PROMETHEUS], `${label} in ${expression}`).to.include(label);
        }
      }
    };

    it('docs/grafana-dashboard.json are there, with the labels that it uses', async () => {
      const dashboard = JSON.parse(await readFile('docs/grafana-dashboard.json', 'utf8')) as {
        panels: { targets?: { expr: string }[] }[];
      };
      expectKnown(dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
    });

    it('docs/alerts.yml are there, with the labels that it uses', async () => {
      const rules = await readFile('docs/alerts.yml', 'utf8');
      expectKnown(
        [...rules.matchAll(/^\s+expr: (?:>-)?((?:.|\n)*?)\n\s+(?:for|labels):/gm)].map(([, text = '']) => text),
      );
    });
  });
});

function parse(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const entries = [...labels.matchAll(LABEL)].map(([, label = '', its = '']) => [label, its]);
      return { name, labels: Object.fromEntries(entries), value: Number(value) };
    });
}

/** The metrics that an expression of Prometheus names. */
function namesIn(expression: string): string[] {
  const bare = expression.replace(/\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ');
  const words = [...bare.matchAll(/[a-z_:][\w:]*(?!\w)(?!\s*\()/gi)].map(([word]) => word);
  return words.filter((word) => !WORDS.includes(word));
}

/** The labels that it selects or groups by. */
function labelsIn(expression: string): string[] {
  const groups = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const selected = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) => [...list.matchAll(LABEL)]);
  return [...groups.map((label) => label.trim()), ...selected.map(([, label = '']) => label)];
}
