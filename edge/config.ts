/** The configuration of the edge: a pure function of the environment and of its secrets' files, every problem in one message. */
import { z } from 'zod';
import { type Environment, inEffect, type ReadFile, readSecretFile, readVariables } from '../config/variables.js';

/** The variables; their descriptions are the README's. */
export const variables = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe('HTTP port'),
  HOST: z.string().min(1).default('127.0.0.1').describe('HTTP address to listen on'),
  PUBLIC_URL: z
    .string()
    .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'must be http(s)://host[:port] and nothing else')
    .transform((url) => url.replace(/\/$/, ''))
    .optional()
    .meta({
      description: '`https://host` as clients see it, for locations in answers; set it behind a proxy',
      unset: "the request's own",
    }),
  TRUSTED_PROXIES: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('how many proxies in front are believed in what they say of client and scheme'),
  USERSTORE_ADDRESS: z
    .string()
    .regex(/^\S+:\d+$/, 'must be host:port')
    .default('127.0.0.1:50051')
    .describe("userstore's `host:port`"),
  USERSTORE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more printable ASCII characters without blanks')
    .optional()
    .meta({ description: 'service token of role `edge`', unset: 'out of `DATA_DIR`', secret: true }),
  STORE_DEADLINE_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(25_000)
    .default(10_000)
    .describe('longest call to userstore, at most 25000'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe("embedded MongoDB's data and the service tokens of this machine"),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('`trace` to `error`, or `silent`'),
});

/** What the edge runs with. */
export interface Config {
  host: string;
  port: number;
  /** The scheme, host and port that clients use; undefined: what each request says. */
  publicUrl: string | undefined;
  /** How many proxies stand in front, each of which says whom it has the request from. */
  trustedProxies: number;
  userstoreAddress: string;
  /** Undefined: the one in `dataDir`. */
  userstoreToken: string | undefined;
  storeDeadlineMs: number;
  dataDir: string;
  logLevel: string;
  /** By variable, secrets as set or unset: for the log. */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws Misconfigured with every problem. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile);
  return {
    host: data.HOST,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL,
    trustedProxies: data.TRUSTED_PROXIES,
    userstoreAddress: data.USERSTORE_ADDRESS,
    userstoreToken: data.USERSTORE_TOKEN,
    storeDeadlineMs: data.STORE_DEADLINE_MS,
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
    inEffect: inEffect(variables, data),
  };
}
