/** The configuration of the edge: a pure function of the environment and of its secrets' files, every problem in one message. */
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

const pageUrl = z
  .string()
  .refine(
    (url) => /^https?:\/\/[^\s\\]+$/.test(url) && URL.canParse(url),
    'must be an address with http:// or https://',
  )
  .transform((url) => new URL(url).href);

/** Whether a text is host:port, several of them with commas between, or dns:///name:port. */
function areAddresses(text: string): boolean {
  const addresses = text.startsWith('dns:///') ? [text.slice('dns:///'.length)] : text.split(',');
  return addresses.every((address) => {
    const port = Number(/^(?:\[[^\s,/\]]+\]|[^\s,/:[\]]+):(\d+)$/.exec(address)?.[1]);
    return port >= 1 && port <= 65_535;
  });
}

/** Each variable with its description, which is the README's. */
const shape = {
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080).describe('HTTP port'),
  HOST: z.string().min(1).default('127.0.0.1').describe('HTTP address to listen on'),
  PUBLIC_URL: z
    .string()
    .refine(
      (url) => /^https?:\/\/[^/?#\s]+\/?$/.test(url) && URL.canParse(url),
      'must be http(s)://host[:port] and nothing else',
    )
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
  TLS_CERT: z
    .string()
    .optional()
    .describe('file with the certificate for HTTPS and, below it, all that issued it; without it the edge speaks HTTP'),
  TLS_KEY: z.string().optional().describe('file with its private key'),
  USERSTORE_ADDRESS: z
    .string()
    .refine(areAddresses, 'must be host:port, a list of them, or dns:///name:port, with ports from 1 to 65535')
    .default('127.0.0.1:50051')
    .describe("userstore's `host:port`; several with commas between, or `dns:///name:port`"),
  USERSTORE_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{16,}$/, 'must be 16 or more printable ASCII characters without blanks')
    .optional()
    .meta({ description: 'service token of role `edge`', unset: 'out of `DATA_DIR`', secret: true }),
  USERSTORE_TLS_CA: z
    .string()
    .optional()
    .describe("file with the certificates by which userstore's is verified; without it calls are not encrypted"),
  USERSTORE_TLS_NAME: z.string().optional().meta({
    description: "the name that userstore's certificate must have",
    unset: 'host of `USERSTORE_ADDRESS`',
  }),
  USERSTORE_CLIENT_CERT: z
    .string()
    .optional()
    .describe('file with the certificate that says to userstore who calls, of role `edge`'),
  USERSTORE_CLIENT_KEY: z.string().optional().describe('file with its private key'),
  APP_URL: pageUrl.optional().meta({
    description:
      'where a browser goes after sign-in; on the host of `PUBLIC_URL`, as the cookie of a session is for that host alone',
    unset: '`PUBLIC_URL`, behind which the application is too',
  }),
  PASSWORD_LOGIN_URL: pageUrl
    .optional()
    .meta({ description: 'where those sign in whose organization has no single sign-on', unset: 'they are told so' }),
  LOGIN_SECRET: z
    .string()
    .regex(/^[\x21-\x7e]{32,}$/, 'must be 32 or more printable ASCII characters without blanks')
    .optional()
    .meta({
      description: 'seals what a browser keeps while it signs in; the same at all edges',
      unset: 'out of `DATA_DIR`',
      secret: true,
    }),
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
  MAX_REQUESTS: z.coerce
    .number()
    .int()
    .min(10)
    .max(100_000)
    .default(2000)
    .describe(
      'requests that an edge answers at a time, a quarter of them for one organization; the others are refused',
    ),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('address to show metrics at'),
  METRICS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .meta({ description: "port to show the edge's metrics at, as `/metrics`", unset: 'none' }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('`trace` to `error`, or `silent`'),
};

/** The variables. */
export const variables = z.object(shape);

/** The variables that name files of certificates: of HTTPS, and of calls to userstore. */
export const CERTIFICATES = {
  https: { cert: 'TLS_CERT', key: 'TLS_KEY' },
  calls: { ca: 'USERSTORE_TLS_CA', cert: 'USERSTORE_CLIENT_CERT', key: 'USERSTORE_CLIENT_KEY' },
};

const rules: Rule[] = [
  needs('TLS_CERT', 'TLS_KEY'),
  needs('TLS_KEY', 'TLS_CERT'),
  needs('USERSTORE_CLIENT_CERT', 'USERSTORE_CLIENT_KEY'),
  needs('USERSTORE_CLIENT_KEY', 'USERSTORE_CLIENT_CERT'),
  needs('USERSTORE_CLIENT_CERT', 'USERSTORE_TLS_CA'),
  holds(
    'USERSTORE_TLS_NAME',
    'is needed where USERSTORE_TLS_CA is set and USERSTORE_ADDRESS has several addresses',
    (data) => !(data.USERSTORE_TLS_CA && String(data.USERSTORE_ADDRESS).includes(',')) || data.USERSTORE_TLS_NAME,
  ),
  holds(
    'PUBLIC_URL',
    'must begin with https:// where TLS_CERT is set',
    ({ TLS_CERT, PUBLIC_URL }) => !(TLS_CERT && String(PUBLIC_URL).startsWith('http:')),
  ),
  differ('PORT', 'METRICS_PORT'),
  usable(CERTIFICATES.https),
  usable(CERTIFICATES.calls),
];

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
  /** The same for all edges; undefined: the one in `dataDir`. */
  loginSecret: string | undefined;
  /** How many proxies stand in front, each of which says whom it has the request from. */
  trustedProxies: number;
  /** Where undefined, the edge speaks HTTP. */
  tls: CertificateFiles | undefined;
  /** host:port, several of them with commas between, or dns:///name:port. */
  userstoreAddress: string;
  /** Where undefined, calls are not encrypted. */
  userstoreTls: CertificateFiles | undefined;
  /** The name that userstore's certificate must have; undefined: the host of its address. */
  userstoreTlsName: string | undefined;
  /** Undefined: the one in `dataDir`, unless there is a certificate. */
  userstoreToken: string | undefined;
  storeDeadlineMs: number;
  /** How many requests are answered at a time; the others are refused. */
  maxRequests: number;
  /** Where metrics are shown; undefined: nowhere. */
  metrics: MetricsAddress | undefined;
  dataDir: string;
  logLevel: string;
  /** By variable, secrets as set or unset: for the log. */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws Misconfigured with every problem. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile, rules);
  return {
    host: data.HOST,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL,
    appUrl: data.APP_URL,
    passwordLoginUrl: data.PASSWORD_LOGIN_URL,
    loginSecret: data.LOGIN_SECRET,
    trustedProxies: data.TRUSTED_PROXIES,
    tls: data.TLS_CERT ? { cert: data.TLS_CERT, key: data.TLS_KEY } : undefined,
    userstoreAddress: data.USERSTORE_ADDRESS,
    userstoreTls: data.USERSTORE_TLS_CA
      ? { ca: data.USERSTORE_TLS_CA, cert: data.USERSTORE_CLIENT_CERT, key: data.USERSTORE_CLIENT_KEY }
      : undefined,
    userstoreTlsName: data.USERSTORE_TLS_NAME,
    userstoreToken: data.USERSTORE_TOKEN,
    storeDeadlineMs: data.STORE_DEADLINE_MS,
    maxRequests: data.MAX_REQUESTS,
    metrics: data.METRICS_PORT === undefined ? undefined : { host: data.METRICS_HOST, port: data.METRICS_PORT },
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
    inEffect: inEffect(variables, data),
  };
}
