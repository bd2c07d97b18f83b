/** The configuration of userstore: a pure function of the environment, every problem in one message. */
import { z } from 'zod';
import type { MetricsAddress } from './metrics-server.js';
import { type Caller, ROLES } from './rpc/callers.js';

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

const environment = z.object({
  MONGODB_URI: z
    .string({ error: 'is required: mongodb://host:27017/database' })
    .regex(/^mongodb(\+srv)?:\/\/./, 'must begin with mongodb:// or mongodb+srv://'),
  USERSTORE_HOST: z.string().min(1).default('127.0.0.1'),
  USERSTORE_PORT: z.coerce.number().int().min(0).max(65_535).default(50_051),
  SERVICE_TOKENS: callers.optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  ACTIVITY_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
  MAX_CALLS: z.coerce.number().int().min(1).max(100_000).default(1000),
  MAX_CONNECTION_AGE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(300),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  USERSTORE_METRICS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Those that are secret: they are to be taken out of the environment, which a crash report shows. */
export const SECRET_VARIABLES = ['MONGODB_URI', 'SERVICE_TOKENS'] as const;

/** What userstore runs with. */
export interface Config {
  mongodbUri: string;
  host: string;
  port: number;
  /** By service token; undefined: the ones in `dataDir`. */
  callers: ReadonlyMap<string, Caller> | undefined;
  dataDir: string;
  /** How long activities and changes are kept. */
  activityDays: number;
  /** How many calls are worked on at a time; the others are refused. */
  maxCalls: number;
  /** After this clients are asked to connect anew, wherever there is a userstore. */
  maxConnectionAgeMs: number;
  /** Where metrics are shown; undefined: nowhere. */
  metrics: MetricsAddress | undefined;
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
    mongodbUri: data.MONGODB_URI,
    host: data.USERSTORE_HOST,
    port: data.USERSTORE_PORT,
    callers: data.SERVICE_TOKENS,
    dataDir: data.DATA_DIR,
    activityDays: data.ACTIVITY_DAYS,
    maxCalls: data.MAX_CALLS,
    maxConnectionAgeMs: data.MAX_CONNECTION_AGE_SECONDS * 1000,
    metrics:
      data.USERSTORE_METRICS_PORT === undefined
        ? undefined
        : { host: data.METRICS_HOST, port: data.USERSTORE_METRICS_PORT },
    logLevel: data.LOG_LEVEL,
  };
}
