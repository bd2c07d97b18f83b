/** The configuration of `npm start`: a pure function of the environment, every problem in one message. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { readConfig as readEdgeConfig } from '../../edge/config.js';
import { readConfig as readUserstoreConfig } from '../../userstore/config.js';

const port = z.coerce.number({ error: 'is a port, 1 to 65535' }).int().min(1).max(65_535);
const environment = z
  .object({
    PORT: port.default(8080),
    USERSTORE_PORT: port.default(50_051),
    HOST: z.string().default('127.0.0.1'),
    PUBLIC_URL: z.string().optional(),
    DATA_DIR: z.string().default('./data'),
    MONGODB_URI: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\/./, 'must begin with mongodb:// or mongodb+srv://')
      .optional(),
  })
  .refine(({ PORT, USERSTORE_PORT }) => PORT !== USERSTORE_PORT, {
    path: ['USERSTORE_PORT'],
    message: 'must be another port than PORT',
  });

/** What `npm start` runs with. */
export interface Config {
  /** Of HTTP. */
  port: number;
  host: string;
  /** Under which address Okta reaches the edge, "https://host". */
  origin: string;
  /** Of gRPC. */
  userstorePort: number;
  /** An absolute path. */
  dataDir: string;
  /** Undefined: an embedded MongoDB. */
  mongodbUri: string | undefined;
}

/** Reads the configuration. Throws one Error that lists every problem, without any value. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  // An empty variable counts as not set: compose files write it that way.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { success, data, error } = environment.safeParse(given);
  const own = success ? [] : error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const problems = [...own, ...servicesProblems(given, own)];
  if (!success || problems.length > 0) throw new Error(problems.join('; '));
  return {
    port: data.PORT,
    host: data.HOST,
    origin: data.PUBLIC_URL?.replace(/\/$/, '') ?? `http://${addressOf(data.HOST)}:${data.PORT}`,
    userstorePort: data.USERSTORE_PORT,
    dataDir: resolve(data.DATA_DIR),
    mongodbUri: data.MONGODB_URI,
  };
}

/** What the services will complain of in the environment they are given, except in variables already complained of. */
function servicesProblems(given: Record<string, string | undefined>, known: string[]): string[] {
  const variable = (problem: string) => problem.split(':', 1)[0];
  const ofServices = [readEdgeConfig, readUserstoreConfig].flatMap((read) => {
    try {
      read({ MONGODB_URI: 'mongodb://embedded', ...given });
      return [];
    } catch (error) {
      return error instanceof Error ? error.message.split('; ') : [String(error)];
    }
  });
  const isNew = (problem: string) => !known.some((other) => variable(other) === variable(problem));
  return [...new Set(ofServices)].filter(isNew);
}

/** Where a client on this machine finds what listens on `host`. */
function addressOf(host: string): string {
  if (['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
