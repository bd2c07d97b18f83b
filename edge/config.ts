/** The configuration of the edge: a pure function of the environment and of the files that it names. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { asciiSecret } from '../config/ascii-secret.js';
import { type CertificateFiles, usable } from '../config/certificate-files.js';
import { LOG_VARIABLES, type LogSettings } from '../config/log.js';
import type { MetricsAddress } from '../config/metrics-server.js';
import { origin } from '../config/origin.js';
import { SSO_ALLOWED_HOSTS, WEBHOOK_ALLOWED_HOSTS } from '../config/provider-hosts.js';
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

/** The path of a file. */
const file = () => z.string().optional();

const pageUrl = z
  .string()
  .refine(
    (url) => /^https?:\/\/[^\s\\]+$/.test(url) && URL.canParse(url),
    'must be an address with http:// or https://',
  )
  .transform((url) => new URL(url).href);

/** Returns true if a text is host:port, a comma-separated list of those, or dns:///name:port. */
function areAddresses(text: string): boolean {
  const addresses = text.startsWith('dns:///') ? [text.slice('dns:///'.length)] : text.split(',');
  return addresses.every((address) => {
    const port = Number(/^(?:\[[^\s,/\]]+\]|[^\s,/:[\]]+):(\d+)$/.exec(address)?.[1]);
    return port >= 1 && port <= 65_535;
  });
}

/** The variables, each with its description in the documentation. */
const shape = {
  PORT: wholeNumber(0, 65_535).default(8080).describe('HTTP port'),
  HOST: z.string().min(1).default('127.0.0.1').describe('HTTP address to listen on'),
  PUBLIC_URL: origin().meta({
    description: '`https://host` as clients see it, for locations in responses; set it behind a proxy',
    unset: 'the address in each request; with `npm start` on a loopback `HOST`, its own address',
  }),
  TRUSTED_PROXIES: wholeNumber(0, 10)
    .default(0)
    .describe('number of proxies in front whose `X-Forwarded-*` headers and traces are trusted'),
  TLS_CERT: file().describe(
    'file with the HTTPS certificate, followed by its issuers; without it the edge speaks HTTP',
  ),
  TLS_KEY: file().describe('file with the private key of `TLS_CERT`'),
  USERSTORE_ADDRESS: z
    .string()
    .refine(areAddresses, 'must be host:port, a list of them, or dns:///name:port, with ports from 1 to 65535')
    .default('127.0.0.1:50051')
    .describe("userstore's `host:port`, a comma-separated list of those, or `dns:///name:port`"),
  USERSTORE_TOKEN: asciiSecret(16).meta({
    description: 'service token of role `edge`',
    unset: 'from `DATA_DIR`',
    secret: true,
  }),
  USERSTORE_TLS_CA: file().describe(
    "file with the CA certificates that verify userstore's; without it calls are not encrypted",
  ),
  USERSTORE_TLS_NAME: z.string().optional().meta({
    description: "the name that userstore's certificate must have",
    unset: 'host of `USERSTORE_ADDRESS`',
  }),
  USERSTORE_CLIENT_CERT: file().describe('file with the client certificate of role `edge` for calls to userstore'),
  USERSTORE_CLIENT_KEY: file().describe('file with the private key of `USERSTORE_CLIENT_CERT`'),
  APP_URL: pageUrl.optional().meta({
    description:
      'address of the application, where a browser goes after sign-in; on the host of `PUBLIC_URL`, which alone receives the session cookie',
    unset: '`PUBLIC_URL`: the application behind the same host, or else a page that tells who is signed in',
  }),
  PASSWORD_LOGIN_URL: pageUrl.optional().meta({
    description: 'address of the password login for organizations without an SSO connection',
    unset: 'the login page says that there is none',
  }),
  SUPPORT_CONTACT: z
    .string()
    .refine(
      (text) => text.length <= 200 && (/^[^\s@<>"]+@[^\s@<>"]+$/.test(text) || /^https:\/\/[^\s\\]+$/.test(text)),
      'must be an e-mail address or an address with https://',
    )
    .optional()
    .meta({
      description: "LeaseHawk support's e-mail address or `https://` address, for the setup page and the login page",
      unset: 'the pages name LeaseHawk support without an address',
    }),
  LOGIN_SECRET: asciiSecret(32).meta({
    description: 'seals what a browser keeps during sign-in; the same at all edges',
    unset: 'from `DATA_DIR`',
    secret: true,
  }),
  SSO_ALLOWED_HOSTS,
  WEBHOOK_ALLOWED_HOSTS,
  STORE_DEADLINE_MS: wholeNumber(100, 25_000).default(10_000).describe('longest call to userstore; at most 25000'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe("folder of embedded MongoDB's data, and of this machine's service tokens and keys"),
  MAX_REQUESTS: wholeNumber(10, 100_000)
    .default(2000)
    .describe(
      'maximum of requests in progress at an edge, a quarter of them for one organization; any more are refused',
    ),
  WORKERS: z
    .union([z.literal('auto').transform(availableParallelism), wholeNumber(1, 64)], {
      error: 'must be auto or a whole number from 1 to 64',
    })
    .default(1)
    .describe(
      'processes of an edge that share its port, each with the limits of an edge; `auto`: one for each processor. `npm start` runs as many userstores',
    ),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('address to serve metrics on'),
  METRICS_PORT: wholeNumber(1, 65_535)
    .optional()
    .meta({ description: "port to serve the edge's metrics on, as `/metrics`", unset: 'none' }),
  ...LOG_VARIABLES,
};

/** The schema of the environment. */
export const variables = z.object(shape);

/** The variables with the files of certificates, for HTTPS and for calls to userstore. */
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

/** The configuration, as the edge uses it. */
export interface Config extends LogSettings {
  host: string;
  port: number;
  /** The origin that clients use; undefined: the address in each request. */
  publicUrl: string | undefined;
  /** The application, where a browser goes after sign-in; undefined: `publicUrl`. */
  appUrl: string | undefined;
  /** The password login for organizations without an SSO connection; undefined: there is none. */
  passwordLoginUrl: string | undefined;
  /** The e-mail address or HTTPS address of LeaseHawk support; undefined: pages name none. */
  supportContact: string | undefined;
  /** The secret that seals sign-in data, the same at all edges; undefined: the one in `dataDir`. */
  loginSecret: string | undefined;
  /** Hosts of identity providers that may be at private addresses. */
  ssoAllowedHosts: readonly string[];
  /** Hosts of webhook endpoints that may be at private addresses. */
  webhookAllowedHosts: readonly string[];
  /** Number of proxies in front whose X-Forwarded headers are trusted. */
  trustedProxies: number;
  /** Undefined: the edge speaks HTTP. */
  tls: CertificateFiles | undefined;
  /** host:port, a comma-separated list of those, or dns:///name:port. */
  userstoreAddress: string;
  /** Undefined: calls are not encrypted. */
  userstoreTls: CertificateFiles | undefined;
  /** The name that userstore's certificate must have; undefined: the host of its address. */
  userstoreTlsName: string | undefined;
  /** Undefined: the one in `dataDir`, unless there is a client certificate. */
  userstoreToken: string | undefined;
  storeDeadlineMs: number;
  /** Maximum of requests in progress; any more are refused. */
  maxRequests: number;
  /** Processes that share the port. */
  workers: number;
  /** The address of the metrics server; undefined: there is none. */
  metrics: MetricsAddress | undefined;
  dataDir: string;
  /** The values of the variables that are set, for the log: a secret is only "set". */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws ConfigurationError with every problem. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile, rules);
  return {
    host: data.HOST,
    port: data.PORT,
    publicUrl: data.PUBLIC_URL,
    appUrl: data.APP_URL,
    passwordLoginUrl: data.PASSWORD_LOGIN_URL,
    supportContact: data.SUPPORT_CONTACT,
    loginSecret: data.LOGIN_SECRET,
    ssoAllowedHosts: data.SSO_ALLOWED_HOSTS ?? [],
    webhookAllowedHosts: data.WEBHOOK_ALLOWED_HOSTS ?? [],
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
    workers: data.WORKERS,
    metrics: data.METRICS_PORT === undefined ? undefined : { host: data.METRICS_HOST, port: data.METRICS_PORT },
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
    logFormat: data.LOG_FORMAT,
    inEffect: inEffect(variables, data, env),
  };
}
