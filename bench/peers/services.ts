/** The peers: what is installed, in which version, and how it is started. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freePort } from '../../bin/port.js';
import { createTenants, startChain } from '../chains.js';
import { launch } from '../processes.js';
import { installed, type Peer, run, startProgram } from './peer.js';

const TOKEN = 'peer-token-of-bench';
const KEYCLOAK = '26.7.0';
const REALM = 'bench';

/** The product with its database. */
const ours: Peer = {
  name: 'ours',
  note: 'edge, userstore and mongod',
  async start({ setting, database, keep }) {
    const { port, address, edge, userstore } = await startChain('product', database.uri, [], setting, keep);
    const [tenant] = await createTenants(address);
    const pids = [edge.pid, userstore.pid, database.pid ?? 0].filter((pid) => pid > 0);
    return {
      port,
      base: `/${tenant.organizationId}/scim/v2`,
      authorization: `apikey ${tenant.secret}`,
      pids: async () => pids,
    };
  },
};

/** A library for Express with the handlers of scimmy-server.ts: two maps in memory. */
const scimmyRouters: Peer = {
  name: 'scimmy-routers',
  note: 'scimmy-routers 1.3.2, scimmy 1.3.5, Express 4.21.2; in memory',
  async start({ folder, setting, keep }) {
    const packages = ['scimmy-routers@1.3.2', 'scimmy@1.3.5', 'express@4.21.2'];
    const modules = await installed(folder, 'scimmy-routers-1.3.2', (into) =>
      run('npm', ['install', '--no-audit', '--no-fund', '--save-exact', '--prefix', into, ...packages], setting.signal),
    );
    const port = await freePort();
    const module = 'bench/peers/scimmy-server';
    const { pid, stop } = await launch({
      ...setting,
      profiles: undefined,
      module,
      args: [modules, String(port)],
      env: {},
    });
    keep(stop);
    return { port, base: '/scim', authorization: `Bearer ${TOKEN}`, pids: async () => [pid] };
  },
};

/** The server that the package of this name starts. */
const scim2Server: Peer = {
  name: 'scim2-server',
  note: 'scim2-server 0.8.3; in memory; its server closes the connection after each answer',
  async start(surroundings) {
    const { folder, setting } = surroundings;
    const environment = await installed(folder, 'scim2-server-0.8.3', async (into) => {
      await run('python3', ['-m', 'venv', into], setting.signal);
      await run(join(into, 'bin/python'), ['-m', 'pip', 'install', 'scim2-server[cursor]==0.8.3'], setting.signal);
    });
    const port = await freePort();
    // The script names the folder in which it was installed, which has another name now.
    const program = [join(environment, 'bin/python'), '-m', 'scim2_server.testserver.cli'];
    const options = ['--port', String(port), '--bearer-token', TOKEN];
    const pids = await startProgram('scim2-server', [...program, ...options], port, {}, surroundings);
    return { port, base: '/v2', authorization: `Bearer ${TOKEN}`, pids };
  },
};

/** Keycloak with its SCIM API, a preview in this version. */
const keycloak: Peer = {
  name: 'Keycloak',
  note: `Keycloak ${KEYCLOAK}, production mode, feature scim-api; its embedded database H2 on disk`,
  async start(surroundings) {
    const { folder, setting } = surroundings;
    const distribution = await installed(folder, `keycloak-${KEYCLOAK}`, (into) =>
      run(
        'mvn',
        [
          '--batch-mode',
          '--quiet',
          'dependency:unpack',
          `-Dartifact=org.keycloak:keycloak-quarkus-dist:${KEYCLOAK}:zip`,
          `-DoutputDirectory=${resolve(into)}`,
          `-Dproject.basedir=${resolve(into)}`,
        ],
        setting.signal,
      ),
    );
    const port = await freePort();
    const base = `/realms/${REALM}/scim/v2`;
    const home = join(distribution, `keycloak-${KEYCLOAK}`);
    await mkdir(join(home, 'data/import'), { recursive: true });
    await writeFile(join(home, 'data/import/realm.json'), JSON.stringify(realmOf(`http://127.0.0.1:${port}${base}`)));
    const command = ['sh', join(home, 'bin/kc.sh'), 'start', '--import-realm', '--features=scim-api', '--db=dev-file'];
    const options = ['--http-enabled=true', '--hostname-strict=false', `--http-port=${port}`, '--http-host=127.0.0.1'];
    const file = join(setting.folder, 'keycloak-data');
    const database = `--db-url=jdbc:h2:file:${file};NON_KEYWORDS=VALUE;AUTO_SERVER=FALSE`;
    const pids = await startProgram('keycloak', [...command, ...options, database], port, {}, surroundings);
    return { port, base, authorization: `Bearer ${await keycloakToken(port)}`, pids };
  },
};

/** Returns a realm with the SCIM API, and a client that may use it. */
const realmOf = (audience: string) => ({
  realm: REALM,
  enabled: true,
  scimApiEnabled: true,
  accessTokenLifespan: 86_400,
  clients: [
    {
      clientId: 'bench',
      secret: TOKEN,
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      protocolMappers: [
        {
          name: 'audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
        },
      ],
    },
  ],
  users: [
    {
      username: 'service-account-bench',
      enabled: true,
      serviceAccountClientId: 'bench',
      clientRoles: { 'realm-management': ['manage-users', 'view-users', 'query-users', 'query-groups'] },
    },
  ],
});

async function keycloakToken(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/realms/${REALM}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'bench', client_secret: TOKEN }),
  });
  const answer = (await response.json()) as { access_token?: string };
  if (answer.access_token === undefined) throw new Error(`Keycloak gives no token: ${JSON.stringify(answer)}`);
  return answer.access_token;
}

/** The services in the order of the table. */
export const PEERS = [ours, scimmyRouters, scim2Server, keycloak];
