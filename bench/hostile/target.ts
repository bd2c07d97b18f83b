/** The product under a hostile load, and the client that makes the load. */
import { setMaxListeners } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from '../../bin/admin/userstore.js';
import { type Chain, send, TOKENS } from '../chains.js';
import { person } from '../operations.js';
import type { Tenant } from '../world.js';

export const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
/** An extension that no organization declares. */
export const UNDECLARED = 'urn:example:hostile:1.0:User';

/** Returns `count` values. */
export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** The bytes of a JSON body. */
export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** One request of the attacker; `path` is the whole path unless a tenant is given. */
export interface Ask {
  tenant?: Tenant;
  method?: string;
  path: string;
  body?: Buffer;
  /** The media type of the body; absent: SCIM. */
  type?: string;
  /** The Content-Encoding of the body. */
  encoding?: string;
  /** Absent: the API token of the tenant. */
  authorization?: string;
  cookie?: string;
  /** The client leaves after this time. */
  leaveMs?: number;
}

/** The services and organizations under load. */
export interface Target extends Chain {
  mongodbUri: string;
  /** Aborts when the load has lasted long enough. */
  signal: AbortSignal;
  /** Counts an answer, for the report. */
  count(answer: string | number): void;
  /** Whether an answer has been counted. */
  has(answer: string | number): boolean;
  /** Reports a fault that the measurements do not show. */
  fault(reason: string): void;
  /** Sends a request; returns its status, 0 if there is no answer. Never throws. */
  ask(asked: Ask): Promise<number>;
  /** Creates an organization with the default rate limit. */
  createTenant(): Promise<Tenant>;
  /** Creates a user; returns its id. */
  createUser(tenant: Tenant, more?: object): Promise<string>;
}

/** A connection to userstore with the role admin, for one piece of work. */
export async function asAdmin<T>(address: string, work: (admin: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const admin = connect(address, TOKENS.admin);
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

/** Creates the target of one load. */
export function createTarget(chain: Chain, mongodbUri: string, signal: AbortSignal) {
  const answers = new Map<string, number>();
  const faults = new Set<string>();
  const agent = new Agent({ keepAlive: true });
  // Each request in flight listens.
  setMaxListeners(0, signal);
  const count = (answer: string | number) => {
    const name = answer === 0 ? 'no answer' : String(answer);
    answers.set(name, (answers.get(name) ?? 0) + 1);
  };
  const target: Target = {
    ...chain,
    mongodbUri,
    signal,
    count,
    has: (answer) => answers.has(String(answer)),
    fault: (reason) => void faults.add(reason),
    async ask(asked) {
      const status = await ask(chain.port, asked, agent, signal);
      count(asked.leaveMs !== undefined && status === 0 ? 'left' : status);
      return status;
    },
    createTenant: () =>
      asAdmin(chain.address, async (admin) => {
        const { id: organizationId } = await admin.createOrganization('Hostile bench');
        const { secret } = await admin.issueToken(organizationId, 'bench');
        return { organizationId, secret };
      }),
    async createUser(tenant, more = {}) {
      const body = { ...person(Math.floor(Math.random() * 1e8)), ...more };
      const answer = await send(chain.port, { tenant, method: 'POST', path: '/Users', body, status: 201 }, signal);
      return (JSON.parse(answer) as { id: string }).id;
    },
  };
  const close = () => agent.destroy();
  return { target, answers, faults, close };
}

function ask(
  port: number,
  { tenant, method = 'GET', path, body, type = 'application/scim+json', encoding, authorization, cookie, leaveMs }: Ask,
  agent: Agent,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(0);
    const whole = tenant ? `/${tenant.organizationId}/scim/v2${path}` : path;
    const headers = {
      ...(tenant ? { Authorization: `apikey ${tenant.secret}` } : {}),
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
      ...(body ? { 'Content-Type': type, 'Content-Length': body.length } : {}),
    };
    const sent = request({ host: '127.0.0.1', port, path: whole, method, headers, agent }, (response) => {
      response.resume().on('close', () => end(response.complete ? (response.statusCode ?? 0) : 0));
    });
    const leave = () => sent.destroy(new Error('the client leaves'));
    const timer = leaveMs === undefined ? undefined : setTimeout(leave, leaveMs);
    const end = (status: number) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      resolve(status);
    };
    signal.addEventListener('abort', leave, { once: true });
    sent.on('error', () => end(0));
    sent.end(body);
  });
}

/** A load: `prepare` does what is not measured, and returns the load itself. */
export interface Load {
  /** The name by which `--only` selects it. */
  name: string;
  title: string;
  /** The shortest time for which the other organization is measured; the effect of some loads comes late. */
  leastSeconds?: number;
  /** The other organization opens a connection for each request. */
  meetsNewClients?: boolean;
  /** The services have served nothing before the load, so that their code is not compiled yet. */
  meetsNewProcesses?: boolean;
  prepare(target: Target): Promise<() => Promise<unknown>>;
}
