/** The process of the console. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import process from 'node:process';
import { followCertificates } from '../config/certificates.js';
import { createLog } from '../config/log.js';
import { createProviderHosts } from '../config/provider-hosts.js';
import { readServiceToken, serviceTokenFile } from '../config/service-token-file.js';
import { stopSignal } from '../config/stop-signal.js';
import { secretsOf } from '../config/variables.js';
import { createApp } from './app.js';
import { type Config, readConfig, variables } from './config.js';
import { createOneTimeLink } from './staff/one-time-link.js';
import { createProvider } from './staff/provider.js';
import { ROLES, type Role } from './staff/role.js';
import { createSessions } from './staff/sessions.js';
import { createClients } from './userstore.js';

const LIMITS = { keepAliveTimeout: 65_000, headersTimeout: 10_000, requestTimeout: 30_000 };
const MAX_CONNECTIONS = 1000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  for (const name of secretsOf(variables)) delete process.env[name];
  const log = await createLog('console', config, process.stdout.isTTY);
  log.info(config.inEffect, 'configuration');
  const stopped = stopSignal(process);
  const certificates = config.userstoreTls && (await followCertificates(config.userstoreTls, log));
  const userstores = createClients({
    address: config.userstoreAddress,
    tokens: await tokensOf(config),
    certificates,
    serverName: config.userstoreTlsName,
  });
  const { provider, consoleUrl } = config;
  const app = createApp({
    userstores,
    publicUrl: config.publicUrl,
    providerHosts: createProviderHosts(config.ssoAllowedHosts),
    consoleUrl,
    sessions: createSessions(),
    provider: provider && createProvider({ ...provider, redirectUri: `${consoleUrl}/sign-in/return` }),
    takeLink: createOneTimeLink(config.linkCode),
    log,
  });
  const server = createServer(LIMITS, app);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(config.port, config.host);
  await once(server, 'listening');
  log.info(server.address(), 'listening');
  if (process.connected) process.send?.('ready');

  if (!stopped.aborted) await once(stopped, 'abort');
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 5000).unref();
  await once(server, 'close');
  for (const role of ROLES) userstores[role].close();
  certificates?.close();
  log.info('stopped');
}

/** Returns the service token of each role: the configured one, or the one of a userstore on this machine. */
async function tokensOf({ tokens, dataDir }: Config): Promise<Record<Role, string>> {
  const found = await Promise.all(
    ROLES.map(async (role) => {
      const token = tokens[role] ?? (await readServiceToken(dataDir, role));
      if (token !== undefined) return [role, token] as const;
      const variable = `CONSOLE_${role.toUpperCase()}_TOKEN`;
      throw new Error(`${variable} is not set, and ${serviceTokenFile(dataDir)} has no token of role "${role}"`);
    }),
  );
  return Object.fromEntries(found) as Record<Role, string>;
}

main().then(
  // All work is done. Without this, Node.js 20 sometimes waits for its threads for ever.
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`console: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
