/** A console in this process, over the userstore of a pair, and browsers without scripts. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { type Logger, pino } from 'pino';
import { createProviderHosts } from '../../config/provider-hosts.js';
import { createApp } from '../../console/app.js';
import { createOneTimeLink } from '../../console/staff/one-time-link.js';
import { createProvider, type ProviderOptions } from '../../console/staff/provider.js';
import { ROLES, type Role } from '../../console/staff/role.js';
import { createSessions, type Sessions } from '../../console/staff/sessions.js';
import { createClients } from '../../console/userstore.js';
import { SERVICE_TOKENS } from './processes.js';

/** The code of the link that signs in once. */
export const LINK_CODE = 'the-code-of-the-link-of-a-test-console';

/** A running console. */
export interface TestConsole {
  origin: string;
  app: Express;
  sessions: Sessions;
  /** The lines of its log. */
  lines: string[];
  stop: () => Promise<void>;
}

/** Starts a console over the userstore at `address`. */
export async function startConsole(
  address: string,
  publicUrl: string,
  provider?: Omit<ProviderOptions, 'redirectUri'>,
  port = 0,
  tokens: Record<Role, string> = SERVICE_TOKENS,
  allowedHosts: readonly string[] = ['127.0.0.1'],
): Promise<TestConsole> {
  const lines: string[] = [];
  const log: Logger = pino({}, { write: (line) => void lines.push(line) });
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const userstores = createClients({ address, tokens });
  const sessions = createSessions();
  const app = createApp({
    userstores,
    publicUrl,
    providerHosts: createProviderHosts(allowedHosts),
    consoleUrl: origin,
    sessions,
    provider: provider && createProvider({ ...provider, redirectUri: `${origin}/sign-in/return` }),
    takeLink: createOneTimeLink(LINK_CODE),
    log,
  });
  server.on('request', app);
  return {
    origin,
    app,
    sessions,
    lines,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      for (const role of ROLES) userstores[role].close();
    },
  };
}

/** A person who is signed in: their requests, and the forms that they send. */
export type Visitor = ReturnType<typeof visitorOf>;

/** Signs a person in with this role. */
export function visitorOf({ origin, sessions }: TestConsole, role: Role, name = `${role}@leasehawk.example`) {
  const token = sessions.begin({ name, role }, false);
  const session = sessions.find(token);
  const headers = { cookie: `console-session=${token}` };
  return {
    token,
    formToken: session?.formToken ?? '',
    /** Asks for a page. */
    async get(path: string): Promise<{ status: number; text: string; headers: Headers }> {
      const response = await fetch(origin + path, { headers, redirect: 'manual' });
      return { status: response.status, text: await response.text(), headers: response.headers };
    },
    /** Sends a form as the page of an act does. */
    async post(path: string, fields: Record<string, string> = {}, more: Record<string, string> = {}) {
      const body = new URLSearchParams({ form_token: session?.formToken ?? '', ...fields });
      const options = { method: 'POST', headers: { ...headers, origin, ...more }, body, redirect: 'manual' } as const;
      const response = await fetch(origin + path, options);
      return { status: response.status, text: await response.text(), location: response.headers.get('location') };
    },
  };
}
