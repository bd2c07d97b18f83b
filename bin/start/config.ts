/** The configuration of `npm start`: a pure function of the environment and of secrets' files. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { LogSettings } from '../../config/log.js';
import { type UnknownVariable, unknownVariables } from '../../config/unknown-variables.js';
import {
  ConfigurationError,
  differ,
  type Environment,
  inEffect,
  needs,
  type Problem,
  type ReadFile,
  type Rule,
  readSecretFile,
  readVariables,
  secretsOf,
  type Variables,
} from '../../config/variables.js';
import { wholeNumber } from '../../config/whole-number.js';
import { variables as consoleVariables, readConfig as readConsoleConfig } from '../../console/config.js';
import { variables as edgeVariables, readConfig as readEdgeConfig } from '../../edge/config.js';
import { readConfig as readUserstoreConfig, variables as userstoreVariables } from '../../userstore/config.js';
import {
  type Config as AdminConfig,
  variables as adminVariables,
  connection,
  connectionRules,
  userstoreTlsOf,
} from '../admin/config.js';
import { variables as oktaVariables } from '../okta/config.js';

const port = wholeNumber(1, 65_535);
const { HOST, METRICS_PORT, PUBLIC_URL, TLS_CERT, USERSTORE_CLIENT_CERT, WORKERS } = edgeVariables.shape;
const { CONSOLE_PORT, CONSOLE_HOST } = consoleVariables.shape;
const { MONGODB_URI, USERSTORE_METRICS_PORT, USERSTORE_TLS_CERT, USERSTORE_TLS_CLIENT_CA } = userstoreVariables.shape;

/** The variables that `npm start` itself reads. The services read the others. */
export const variables = z.object({
  PORT: port.default(8080),
  USERSTORE_PORT: port.default(50_051),
  CONSOLE_PORT,
  CONSOLE_HOST,
  METRICS_PORT,
  USERSTORE_METRICS_PORT,
  WORKERS,
  HOST,
  PUBLIC_URL,
  TLS_CERT,
  MONGODB_URI: MONGODB_URI.optional().meta({ secret: true }),
  USERSTORE_TLS_CERT,
  USERSTORE_TLS_CLIENT_CA,
  USERSTORE_CLIENT_CERT,
  ...connection.shape,
});

const rules: Rule[] = [
  needs('USERSTORE_TLS_CERT', 'USERSTORE_TLS_CA'),
  needs('USERSTORE_TLS_CLIENT_CA', 'USERSTORE_CLIENT_CERT'),
  needs('USERSTORE_TLS_CLIENT_CA', 'ADMIN_CLIENT_CERT'),
  ...connectionRules,
  differ('PORT', 'USERSTORE_PORT', 'CONSOLE_PORT', 'METRICS_PORT', 'USERSTORE_METRICS_PORT'),
];

/** All secrets of this command and of the services. */
export const SECRET_VARIABLES = [variables, edgeVariables, userstoreVariables, consoleVariables].flatMap(secretsOf);

/** The names of all variables, also of the other commands, which a shell may export for them. */
const KNOWN_VARIABLES = [
  variables,
  edgeVariables,
  userstoreVariables,
  consoleVariables,
  adminVariables,
  oktaVariables,
].flatMap((read) => [...Object.keys(read.shape), ...secretsOf(read).map((name) => `${name}_FILE`)]);

/** The configuration of `npm start`. */
export interface Config
  extends LogSettings,
    Pick<AdminConfig, 'adminToken' | 'dataDir' | 'userstoreTls' | 'userstoreTlsName'> {
  /** The HTTP port. */
  port: number;
  host: string;
  /** The edge's address for Okta, "https://host". */
  origin: string;
  /** The gRPC port of the first userstore; others have the following ones. */
  userstorePort: number;
  /** The metrics port of the first userstore; others have the following ones. */
  userstoreMetricsPort: number | undefined;
  /** Workers of the edge, and userstores. */
  workers: number;
  consolePort: number;
  consoleHost: string;
  /** The origin at which staff open the console. */
  consoleUrl: string;
  /** If undefined, `npm start` runs an embedded MongoDB. */
  mongodbUri: string | undefined;
  /** The edge's PUBLIC_URL; undefined if other machines can reach it by addresses that this process does not know. */
  publicUrl: string | undefined;
  /** The values of the variables that are set, for the log: a secret is only "set". */
  inEffect: Record<string, unknown>;
  /** Variables that no process reads, but that resemble one that is read. */
  unknown: readonly UnknownVariable[];
}

/** Reads the configuration and checks that of the services. Throws ConfigurationError with all problems, each once. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  // An embedded MongoDB has a URI only when it runs.
  const ofUserstore = env.MONGODB_URI || env.MONGODB_URI_FILE ? env : { ...env, MONGODB_URI: 'mongodb://embedded' };
  const problems = new Map<string, Problem>();
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) {
        if (!problems.has(problem.variable)) problems.set(problem.variable, problem);
      }
      return undefined;
    }
  };
  const data = attempt(() => readVariables(variables, env, readFile, rules));
  const edge = attempt(() => readEdgeConfig(env, readFile));
  const userstore = attempt(() => readUserstoreConfig(ofUserstore, readFile));
  const ofConsole = attempt(() => readConsoleConfig(env, readFile));
  if (!data || !edge || !userstore || !ofConsole || problems.size > 0)
    throw new ConfigurationError([...problems.values()]);
  const { MONGODB_URI: _, ...ofServices } = { ...edge.inEffect, ...userstore.inEffect, ...ofConsole.inEffect };
  const origin = data.PUBLIC_URL ?? `${data.TLS_CERT ? 'https' : 'http'}://${addressOf(data.HOST)}:${data.PORT}`;
  return {
    port: data.PORT,
    host: data.HOST,
    origin,
    publicUrl: data.PUBLIC_URL ?? (isLoopback(data.HOST) ? origin : undefined),
    userstorePort: data.USERSTORE_PORT,
    userstoreMetricsPort: data.USERSTORE_METRICS_PORT,
    workers: data.WORKERS,
    consolePort: data.CONSOLE_PORT,
    consoleHost: data.CONSOLE_HOST,
    consoleUrl: ofConsole.consoleUrl,
    dataDir: resolve(data.DATA_DIR),
    mongodbUri: data.MONGODB_URI,
    adminToken: data.ADMIN_TOKEN,
    ...userstoreTlsOf(data),
    logLevel: edge.logLevel,
    logFormat: edge.logFormat,
    inEffect: { ...inEffect(variables, data, env), ...ofServices },
    unknown: unknownVariables(env, KNOWN_VARIABLES),
  };
}

/**
 * Returns the environments of the services. Each service gets only its own secrets. Secrets in files stay in their
 * files.
 */
export function environmentsOf(env: Environment): Record<'forEdge' | 'forUserstore' | 'forConsole', Environment> {
  const without = (names: string[]) => {
    const left = names.flatMap((name) => [name, `${name}_FILE`]);
    return Object.fromEntries(Object.entries(env).filter(([name]) => !left.includes(name)));
  };
  const notOf = (service: Variables) => without(SECRET_VARIABLES.filter((name) => !secretsOf(service).includes(name)));
  return {
    forEdge: notOf(edgeVariables),
    forUserstore: notOf(userstoreVariables),
    forConsole: notOf(consoleVariables),
  };
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/.test(host);

/** Returns the host by which a client on this machine reaches a server that listens on `host`. */
function addressOf(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** Returns the lines about the environment: the variables that are set, and those that are probably misspelled. */
export function configurationLines({ inEffect, unknown }: Pick<Config, 'inEffect' | 'unknown'>): string[] {
  const set = Object.entries(inEffect).map(([name, value]) => `${name}=${value}`);
  const misspelled = unknown.map(({ name, resembles }) => `${name} (is ${resembles} meant?)`);
  return [
    `configuration: ${set.join(' ') || 'all variables have their defaults'}`,
    ...(misspelled.length > 0 ? [`unknown variables: ${misspelled.join(', ')}`] : []),
  ];
}
