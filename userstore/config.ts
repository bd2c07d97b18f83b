/**
 * The configuration of userstore: a pure function of the environment and of its secrets' files, every problem in one
 * message.
 */
import { z } from 'zod';
import { type CertificateFiles, usable } from '../config/certificate-files.js';
import type { MetricsAddress } from '../config/metrics-server.js';
import {
  differ,
  type Environment,
  holds,
  inEffect,
  needs,
  type ReadFile,
  type Rule,
  readSecretFile,
  readVariables,
} from '../config/variables.js';
import { type Caller, ROLES } from './rpc/callers.js';
import { keysIn } from './secret-keys.js';
import { flawOfUri } from './storage/connect.js';

const secret = z.string().regex(/^[\x21-\x7e]{16,}$/);
const callers = z.string().transform((text, context) => {
  const callers = new Map<string, Caller>();
  for (const entry of text.split(',')) {
    const [name = '', role = '', token = '', ...more] = entry.trim().split(':');
    const known = ROLES.find((candidate) => candidate === role);
    if (name === '' || !known || !secret.safeParse(token).success || more.length > 0 || callers.has(token)) {
      const message = `is a list of name:role:token, with a role of ${ROLES.join(', ')} and a token of its own of 16 or more characters`;
      context.addIssue({ code: 'custom', message });
    } else callers.set(token, { name, role: known });
  }
  return callers;
});

const secretKeys = z.string().transform((text, context) => {
  const keys = keysIn(text);
  if (keys) return keys;
  context.addIssue({ code: 'custom', message: 'is a list of keys, each 32 bytes in base64: openssl rand -base64 32' });
  return z.NEVER;
});

/** Each variable with its description, which is the README's. */
const shape = {
  MONGODB_URI: z
    .string({ error: 'is required: mongodb://host:27017/database' })
    .superRefine((uri, context) => {
      const message = flawOfUri(uri);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({
      description: 'server, replica set or sharded cluster; a URI without a database name means `leasehawk`',
      unset: 'embedded (userstore alone: required)',
      secret: true,
    }),
  USERSTORE_PORT: z.coerce.number().int().min(0).max(65_535).default(50_051).describe('gRPC port'),
  USERSTORE_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('gRPC address to listen on; `npm start` must reach it as 127.0.0.1'),
  USERSTORE_TLS_CERT: z
    .string()
    .optional()
    .describe("file with userstore's certificate and, below it, those between it and the CA"),
  USERSTORE_TLS_KEY: z.string().optional().describe('file with its private key'),
  USERSTORE_TLS_CLIENT_CA: z
    .string()
    .optional()
    .describe("file with the certificates by which clients' are verified; each client must have one then"),
  USERSTORE_INSECURE: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('`true`: listen without TLS where others than this machine can reach it, as in a private network'),
  SERVICE_TOKENS: callers.optional().meta({
    description: '`name:role:token,…` with the roles `edge`, `reader`, `admin`',
    unset: 'out of `DATA_DIR`',
    secret: true,
  }),
  SECRET_KEY: secretKeys.optional().meta({
    description:
      'encrypts client secrets: 32 bytes in base64, the same at all userstores; more of them, after commas, still decrypt',
    unset: 'out of `DATA_DIR`',
    secret: true,
  }),
  SESSION_IDLE_MINUTES: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_080)
    .default(60)
    .describe('a session that is not used for so long is over'),
  SESSION_MAX_HOURS: z.coerce.number().int().min(1).max(720).default(12).describe('how long a session lasts at most'),
  MAX_CALLS: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('calls that a userstore works on at a time; those beyond are refused'),
  MAX_CONNECTION_AGE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(300)
    .describe('after so long clients are asked to connect anew, wherever there is a userstore'),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('address to show metrics at'),
  USERSTORE_METRICS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .meta({ description: "port to show userstore's metrics at, as `/metrics`", unset: 'none' }),
  ACTIVITY_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .describe('how many days what Okta did, and what it changed, is kept'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe("embedded MongoDB's data and the service tokens of this machine"),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('`trace` to `error`, or `silent`'),
};

const isLoopback = (host: string) => /^(localhost|127\.[\d.]+|::1)$/.test(host);

/** The variables. */
export const variables = z.object(shape);

/** The variables that name files of certificates. */
export const CERTIFICATES = {
  cert: 'USERSTORE_TLS_CERT',
  key: 'USERSTORE_TLS_KEY',
  ca: 'USERSTORE_TLS_CLIENT_CA',
};

const rules: Rule[] = [
  needs('USERSTORE_TLS_CERT', 'USERSTORE_TLS_KEY'),
  needs('USERSTORE_TLS_KEY', 'USERSTORE_TLS_CERT'),
  needs('USERSTORE_TLS_CLIENT_CA', 'USERSTORE_TLS_CERT'),
  holds(
    'USERSTORE_HOST',
    'can be reached by others: set USERSTORE_TLS_CERT, or USERSTORE_INSECURE=true in a private network',
    (data) => data.USERSTORE_TLS_CERT || data.USERSTORE_INSECURE || isLoopback(String(data.USERSTORE_HOST)),
  ),
  differ('USERSTORE_PORT', 'USERSTORE_METRICS_PORT'),
  usable(CERTIFICATES),
];

/** The keys themselves, a file that is made in `dataDir` where there is none, or no keys at all. */
export type SecretKeySource =
  | { from: 'environment'; keys: readonly Buffer[] }
  | { from: 'dataDir' }
  | { from: 'nowhere' };

/** What userstore runs with. */
export interface Config {
  mongodbUri: string;
  host: string;
  port: number;
  /** Where undefined, calls are not encrypted. With a `ca` clients say by certificates who they are. */
  tls: CertificateFiles | undefined;
  /** By service token; undefined: the ones in `dataDir`, unless clients have certificates. */
  callers: ReadonlyMap<string, Caller> | undefined;
  dataDir: string;
  /** Where the keys are that secrets are encrypted with. The first one seals; the others still open. */
  secretKeys: SecretKeySource;
  sessionIdleMinutes: number;
  sessionMaxHours: number;
  /** How long activities and changes are kept. */
  activityDays: number;
  /** How many calls are worked on at a time; the others are refused. */
  maxCalls: number;
  /** After this clients are asked to connect anew, wherever there is a userstore. */
  maxConnectionAgeMs: number;
  /** Where metrics are shown; undefined: nowhere. */
  metrics: MetricsAddress | undefined;
  logLevel: string;
  /** By variable, secrets as set or unset: for the log. */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws Misconfigured with every problem. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile, rules);
  return {
    mongodbUri: data.MONGODB_URI,
    host: data.USERSTORE_HOST,
    port: data.USERSTORE_PORT,
    tls: data.USERSTORE_TLS_CERT
      ? { cert: data.USERSTORE_TLS_CERT, key: data.USERSTORE_TLS_KEY, ca: data.USERSTORE_TLS_CLIENT_CA }
      : undefined,
    callers: data.SERVICE_TOKENS,
    dataDir: data.DATA_DIR,
    secretKeys: secretKeySource(data, Boolean(env.DATA_DIR)),
    sessionIdleMinutes: data.SESSION_IDLE_MINUTES,
    sessionMaxHours: data.SESSION_MAX_HOURS,
    activityDays: data.ACTIVITY_DAYS,
    maxCalls: data.MAX_CALLS,
    maxConnectionAgeMs: data.MAX_CONNECTION_AGE_SECONDS * 1000,
    metrics:
      data.USERSTORE_METRICS_PORT === undefined
        ? undefined
        : { host: data.METRICS_HOST, port: data.USERSTORE_METRICS_PORT },
    logLevel: data.LOG_LEVEL,
    inEffect: inEffect(variables, data),
  };
}

/**
 * An installation that was given service tokens and no folder is one of several, perhaps without a disk of its own: a
 * key made there would be another at each.
 */
function secretKeySource(
  { SECRET_KEY, SERVICE_TOKENS }: z.output<typeof variables>,
  hasFolder: boolean,
): SecretKeySource {
  if (SECRET_KEY) return { from: 'environment', keys: SECRET_KEY };
  return { from: hasFolder || !SERVICE_TOKENS ? 'dataDir' : 'nowhere' };
}
