/** The configuration of userstore: a pure function of the environment and of the files of secrets. */
import { z } from 'zod';
import { type CertificateFiles, usable } from '../config/certificate-files.js';
import { LOG_VARIABLES, type LogSettings } from '../config/log.js';
import type { MetricsAddress } from '../config/metrics-server.js';
import { SSO_ALLOWED_HOSTS } from '../config/provider-hosts.js';
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
import { wholeNumber } from '../config/whole-number.js';
import type { Caller } from './rpc/callers.js';
import { ROLES } from './rpc/permissions.js';
import { keysIn, type SecretKeySource } from './secret-keys.js';
import { flawOfUri } from './storage/connect.js';

const secret = z.string().regex(/^[\x21-\x7e]{16,}$/);
const callers = z.string().transform((text, context) => {
  const callers = new Map<string, Caller>();
  for (const entry of text.split(',')) {
    const [name = '', role = '', token = '', ...more] = entry.trim().split(':');
    const known = ROLES.find((candidate) => candidate === role);
    if (name === '' || !known || !secret.safeParse(token).success || more.length > 0 || callers.has(token)) {
      const message = `is a list of name:role:token, with a role of ${ROLES.join(', ')} and a unique token of 16 or more characters`;
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

/** The variables, each with its description in the documentation. */
const shape = {
  MONGODB_URI: z
    .string({ error: 'is required: mongodb://host:27017/database' })
    .superRefine((uri, context) => {
      const hasScheme = /^mongodb(\+srv)?:\/\//.test(uri);
      const message = hasScheme ? flawOfUri(uri) : 'must begin with mongodb:// or mongodb+srv://';
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({
      description: 'server, replica set or sharded cluster; a URI without a database name means `leasehawk`',
      unset: 'embedded (userstore alone: required)',
      secret: true,
    }),
  USERSTORE_PORT: wholeNumber(0, 65_535).default(50_051).describe('gRPC port'),
  USERSTORE_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('gRPC address to listen on; `npm start` must reach it as 127.0.0.1'),
  USERSTORE_TLS_CERT: z
    .string()
    .optional()
    .describe("file with userstore's certificate, followed by the intermediate certificates up to the CA"),
  USERSTORE_TLS_KEY: z.string().optional().describe('file with the private key of `USERSTORE_TLS_CERT`'),
  USERSTORE_TLS_CLIENT_CA: z
    .string()
    .optional()
    .describe('file with the CA certificates that verify client certificates; every client must then have one'),
  USERSTORE_INSECURE: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('`true`: listen without TLS on an address that other machines can reach, as in a private network'),
  SERVICE_TOKENS: callers.optional().meta({
    description: '`name:role:token,…` with the roles `edge`, `reader`, `viewer`, `support`, `admin`',
    unset: 'out of `DATA_DIR`',
    secret: true,
  }),
  SECRET_KEY: secretKeys.optional().meta({
    description:
      'encrypts client secrets: 32 bytes in base64, the same for all userstores; more keys, after commas, still decrypt',
    unset: 'out of `DATA_DIR`',
    secret: true,
  }),
  SESSION_IDLE_MINUTES: wholeNumber(1, 10_080)
    .default(60)
    .describe('minutes without use after which a session expires'),
  SESSION_MAX_HOURS: wholeNumber(1, 720).default(12).describe('hours after which a session expires in any case'),
  MAX_CALLS: wholeNumber(1, 100_000).default(1000).describe('most calls in flight; userstore refuses those beyond'),
  MAX_CONNECTION_AGE_SECONDS: wholeNumber(1, 86_400)
    .default(300)
    .describe('age at which userstore asks clients to reconnect, so that they spread over all userstores'),
  USERSTORE_REFLECTION: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('`true`: grpcurl and other tools may ask for the contract by server reflection; they need a credential'),
  SSO_ALLOWED_HOSTS,
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('address to serve metrics on'),
  USERSTORE_METRICS_PORT: wholeNumber(1, 65_535)
    .optional()
    .meta({ description: "port to serve userstore's metrics on, as `/metrics`", unset: 'none' }),
  ACTIVITY_DAYS: wholeNumber(1, 3650).default(90).describe('days after which activities and changes are deleted'),
  EVENT_DAYS: wholeNumber(1, 3650).default(30).describe('days after which events are deleted'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe("folder of embedded MongoDB's data, and of this machine's service tokens and keys"),
  ...LOG_VARIABLES,
};

const isLoopback = (host: string) => /^(localhost|127\.[\d.]+|::1)$/.test(host);

/** The variables. */
export const variables = z.object(shape);

/** The variables that name the files of certificates. */
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

/** The configuration of a userstore. */
export interface Config extends LogSettings {
  mongodbUri: string;
  host: string;
  port: number;
  /** Undefined: calls are not encrypted. With a `ca`, client certificates identify the callers. */
  tls: CertificateFiles | undefined;
  /** The callers by service token. Undefined: those in `dataDir`, unless client certificates identify the callers. */
  callers: ReadonlyMap<string, Caller> | undefined;
  dataDir: string;
  /** The keys that encrypt secrets. The first encrypts; all decrypt. */
  secretKeys: SecretKeySource;
  /** Hosts of identity providers that may be at private addresses. */
  ssoAllowedHosts: readonly string[];
  sessionIdleMinutes: number;
  sessionMaxHours: number;
  /** The days after which activities and changes are deleted. */
  activityDays: number;
  /** The days after which events are deleted. */
  eventDays: number;
  /** The most calls in flight; userstore refuses those beyond. */
  maxCalls: number;
  /** The age at which userstore asks clients to reconnect, so that they spread over all userstores. */
  maxConnectionAgeMs: number;
  /** Whether tools may ask for the contract by gRPC's server reflection. */
  hasReflection: boolean;
  /** The address of the metrics server; undefined: no metrics server. */
  metrics: MetricsAddress | undefined;
  /** The values of the variables that are set, for the log: a secret is only "set". */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws a ConfigurationError with all problems. */
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
    ssoAllowedHosts: data.SSO_ALLOWED_HOSTS ?? [],
    sessionIdleMinutes: data.SESSION_IDLE_MINUTES,
    sessionMaxHours: data.SESSION_MAX_HOURS,
    activityDays: data.ACTIVITY_DAYS,
    eventDays: data.EVENT_DAYS,
    maxCalls: data.MAX_CALLS,
    maxConnectionAgeMs: data.MAX_CONNECTION_AGE_SECONDS * 1000,
    hasReflection: data.USERSTORE_REFLECTION,
    metrics:
      data.USERSTORE_METRICS_PORT === undefined
        ? undefined
        : { host: data.METRICS_HOST, port: data.USERSTORE_METRICS_PORT },
    logLevel: data.LOG_LEVEL,
    logFormat: data.LOG_FORMAT,
    inEffect: inEffect(variables, data, env),
  };
}

/**
 * An installation with service tokens and without a data folder runs several userstores, perhaps without a persistent
 * disk. It gets no local key: each userstore would create a different one.
 */
function secretKeySource(
  { SECRET_KEY, SERVICE_TOKENS }: z.output<typeof variables>,
  hasFolder: boolean,
): SecretKeySource {
  if (SECRET_KEY) return { from: 'environment', keys: SECRET_KEY };
  return { from: hasFolder || !SERVICE_TOKENS ? 'dataDir' : 'nowhere' };
}
