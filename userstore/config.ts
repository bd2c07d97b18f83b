/** The configuration of userstore: a pure function of the environment, every problem in one message. */
import { z } from 'zod';
import { type Caller, ROLES } from './rpc/callers.js';
import { keysIn } from './secret-keys.js';

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

const environment = z.object({
  MONGODB_URI: z
    .string({ error: 'is required: mongodb://host:27017/database' })
    .regex(/^mongodb(\+srv)?:\/\/./, 'must begin with mongodb:// or mongodb+srv://'),
  USERSTORE_HOST: z.string().min(1).default('127.0.0.1'),
  USERSTORE_PORT: z.coerce.number().int().min(0).max(65_535).default(50_051),
  SERVICE_TOKENS: callers.optional(),
  SECRET_KEY: secretKeys.optional(),
  SECRET_KEY_FILE: z.string().optional(),
  SESSION_IDLE_MINUTES: z.coerce.number().int().min(1).max(10_080).default(60),
  SESSION_MAX_HOURS: z.coerce.number().int().min(1).max(720).default(12),
  DATA_DIR: z.string().min(1).default('./data'),
  ACTIVITY_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Those that are secret: they are to be taken out of the environment, which a crash report shows. */
export const SECRET_VARIABLES = ['MONGODB_URI', 'SERVICE_TOKENS', 'SECRET_KEY'] as const;

/** The keys themselves, a file that has them, one that is made in `dataDir` where there is none, or no keys at all. */
export type SecretKeySource =
  | { from: 'environment'; keys: readonly Buffer[] }
  | { from: 'file'; file: string }
  | { from: 'dataDir' }
  | { from: 'nowhere' };

/** What userstore runs with. */
export interface Config {
  mongodbUri: string;
  host: string;
  port: number;
  /** By service token; undefined: the ones in `dataDir`. */
  callers: ReadonlyMap<string, Caller> | undefined;
  dataDir: string;
  /** Where the keys are that secrets are encrypted with. The first one seals; the others still open. */
  secretKeys: SecretKeySource;
  sessionIdleMinutes: number;
  sessionMaxHours: number;
  /** How long activities and changes are kept. */
  activityDays: number;
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
    secretKeys: secretKeySource(data, given.DATA_DIR !== undefined),
    sessionIdleMinutes: data.SESSION_IDLE_MINUTES,
    sessionMaxHours: data.SESSION_MAX_HOURS,
    activityDays: data.ACTIVITY_DAYS,
    logLevel: data.LOG_LEVEL,
  };
}

/**
 * An installation that was given service tokens and no folder is one of several, perhaps without a disk of its own: a key
 * made there would be another at each.
 */
function secretKeySource(
  { SECRET_KEY, SECRET_KEY_FILE, SERVICE_TOKENS }: z.infer<typeof environment>,
  hasFolder: boolean,
): SecretKeySource {
  if (SECRET_KEY) return { from: 'environment', keys: SECRET_KEY };
  if (SECRET_KEY_FILE) return { from: 'file', file: SECRET_KEY_FILE };
  return { from: hasFolder || !SERVICE_TOKENS ? 'dataDir' : 'nowhere' };
}
