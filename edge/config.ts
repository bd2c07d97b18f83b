/** The configuration of the edge: a pure function of the environment, every problem in one message. */
import { z } from 'zod';

const pageUrl = z
  .string()
  .refine(
    (url) => /^https?:\/\/[^\s\\]+$/.test(url) && URL.canParse(url),
    'must be an address with http:// or https://',
  )
  .transform((url) => new URL(url).href);

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
    .regex(/^\S+:\d+$/, 'must be host:port')
    .default('127.0.0.1:50051'),
  USERSTORE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more printable ASCII characters without blanks')
    .optional(),
  APP_URL: pageUrl.optional(),
  PASSWORD_LOGIN_URL: pageUrl.optional(),
  LOGIN_SECRET: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, 'must be 32 or more printable ASCII characters without blanks')
    .optional(),
  LOGIN_SECRET_FILE: z.string().optional(),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  STORE_DEADLINE_MS: z.coerce.number().int().min(100).max(25_000).default(10_000),
  DATA_DIR: z.string().min(1).default('./data'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Those that are secret: they are to be taken out of the environment, which a crash report shows. */
export const SECRET_VARIABLES = ['USERSTORE_TOKEN', 'LOGIN_SECRET'] as const;

/** What the edge runs with. */
export interface Config {
  host: string;
  port: number;
  /** The scheme, host and port that clients use; undefined: what each request says. */
  publicUrl: string | undefined;
  /** Where a browser goes after sign-in; undefined: to `publicUrl`, behind which the application is too. */
  appUrl: string | undefined;
  /** Where those sign in whose organization has no provider; undefined: nowhere. */
  passwordLoginUrl: string | undefined;
  /** The same for all edges; undefined: the one in the file, or in `dataDir`. */
  loginSecret: string | undefined;
  loginSecretFile: string | undefined;
  /** How many proxies stand in front, each of which says whom it has the request from. */
  trustedProxies: number;
  userstoreAddress: string;
  /** Undefined: the one in `dataDir`. */
  userstoreToken: string | undefined;
  storeDeadlineMs: number;
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
    appUrl: data.APP_URL,
    passwordLoginUrl: data.PASSWORD_LOGIN_URL,
    loginSecret: data.LOGIN_SECRET,
    loginSecretFile: data.LOGIN_SECRET_FILE,
    trustedProxies: data.TRUSTED_PROXIES,
    userstoreAddress: data.USERSTORE_ADDRESS,
    userstoreToken: data.USERSTORE_TOKEN,
    storeDeadlineMs: data.STORE_DEADLINE_MS,
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
  };
}
