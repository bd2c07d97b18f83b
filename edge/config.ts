/** The configuration of the edge: a pure function of the environment, every problem in one message. */
import { z } from 'zod';
import type { MetricsAddress } from './metrics-server.js';

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  PUBLIC_URL: z
    .string()
    .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'must be http(s)://host[:port] and nothing else')
    .transform((url) => url.replace(/\/$/, ''))
    .optional(),
  USERSTORE_ADDRESS: z
    .string()
    .regex(/^(dns:\/\/\/)?[^\s,/]+:\d+(,[^\s,/]+:\d+)*$/, 'must be host:port, a list of them, or dns:///name:port')
    .default('127.0.0.1:50051'),
  USERSTORE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more printable ASCII characters without blanks')
    .optional(),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  STORE_DEADLINE_MS: z.coerce.number().int().min(100).max(25_000).default(10_000),
  DATA_DIR: z.string().min(1).default('./data'),
  MAX_REQUESTS: z.coerce.number().int().min(10).max(100_000).default(2000),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Those that are secret: they are to be taken out of the environment, which a crash report shows. */
export const SECRET_VARIABLES = ['USERSTORE_TOKEN'] as const;

/** What the edge runs with. */
export interface Config {
  host: string;
  port: number;
  /** The scheme, host and port that clients use; undefined: what each request says. */
  publicUrl: string | undefined;
  /** How many proxies stand in front, each of which says whom it has the request from. */
  trustedProxies: number;
  /** host:port, several of them with commas between, or dns:///name:port. */
  userstoreAddress: string;
  /** Undefined: the one in `dataDir`. */
  userstoreToken: string | undefined;
  storeDeadlineMs: number;
  /** How many requests are answered at a time; the others are refused. */
  maxRequests: number;
  /** Where metrics are shown; undefined: nowhere. */
  metrics: MetricsAddress | undefined;
  dataDir: string;
  logLevel: string;
}

/** Reads the configuration. Throws one Error that lists every problem, without any value. */
export function readConfig(env: Record<string, string | undefined>): Config {
  // An empty variable counts as not set: compose files write it that way.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { success, data, error } = environment.safeParse(given);
  if (!success) {
    throw new Error(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  return {
    host: data.HOST,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL,
    trustedProxies: data.TRUSTED_PROXIES,
    userstoreAddress: data.USERSTORE_ADDRESS,
    userstoreToken: data.USERSTORE_TOKEN,
    storeDeadlineMs: data.STORE_DEADLINE_MS,
    maxRequests: data.MAX_REQUESTS,
    metrics: data.METRICS_PORT === undefined ? undefined : { host: data.METRICS_HOST, port: data.METRICS_PORT },
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
  };
}
