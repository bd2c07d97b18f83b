/** The configuration of the console: a pure function of the environment and of the files that it names. */
import { z } from 'zod';
import { asciiSecret } from '../config/ascii-secret.js';
import { type CertificateFiles, usable } from '../config/certificate-files.js';
import { LOG_VARIABLES, type LogSettings } from '../config/log.js';
import { origin } from '../config/origin.js';
import { SSO_ALLOWED_HOSTS } from '../config/provider-hosts.js';
import {
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
import { ROLES, type Role, type RoleGroups } from './staff/role.js';

/** The names of groups, separated by commas. */
const groups = (role: Role) =>
  z
    .string()
    .transform((text) => text.split(',').flatMap((group) => group.trim() || []))
    .optional()
    .describe(
      `groups of the identity provider whose members have the role \`${role}\` in the console, separated by commas`,
    );

/** A service token of a role. */
const serviceToken = (role: Role) =>
  asciiSecret(16).meta({
    description: `service token of role \`${role}\`, with which the console calls userstore for staff of that role`,
    unset: 'from `DATA_DIR`',
    secret: true,
  });

const file = () => z.string().optional();

/** The variables of the console. Variables without a description here have that of the edge. */
export const variables = z.object({
  CONSOLE_PORT: wholeNumber(0, 65_535).default(8090).describe('HTTP port of the console'),
  CONSOLE_HOST: z.string().min(1).default('127.0.0.1').describe('HTTP address that the console listens on'),
  CONSOLE_URL: origin().meta({
    description: '`https://host` at which staff open the console',
    unset: '`http://localhost` with `CONSOLE_PORT`',
  }),
  CONSOLE_ISSUER: z
    .string()
    .refine((url) => /^https?:\/\/[^?#\s]+$/.test(url) && URL.canParse(url), 'must be an address with https://')
    .optional()
    .meta({
      description: "issuer of the OpenID provider of LeaseHawk's staff; `http` for loopback addresses only",
      unset: 'staff cannot sign in, except with the link that `npm start` prints',
    }),
  CONSOLE_CLIENT_ID: z.string().optional().describe('client id of the console at that provider'),
  CONSOLE_CLIENT_SECRET: z.string().optional().meta({
    description: 'client secret of the console at that provider',
    secret: true,
  }),
  CONSOLE_GROUPS_CLAIM: z
    .string()
    .min(1)
    .default('groups')
    .describe("claim of the provider's ID token that lists the groups of a person"),
  CONSOLE_VIEWER_GROUPS: groups('viewer'),
  CONSOLE_SUPPORT_GROUPS: groups('support'),
  CONSOLE_ADMIN_GROUPS: groups('admin'),
  CONSOLE_VIEWER_TOKEN: serviceToken('viewer'),
  CONSOLE_SUPPORT_TOKEN: serviceToken('support'),
  CONSOLE_ADMIN_TOKEN: serviceToken('admin'),
  CONSOLE_LINK_CODE: z.string().min(32).optional().meta({
    description: 'code of the link that signs in once as `admin`; `npm start` makes one',
    unset: 'no such link',
    secret: true,
  }),
  PUBLIC_URL: z.string().optional(),
  SSO_ALLOWED_HOSTS,
  USERSTORE_ADDRESS: z.string().default('127.0.0.1:50051'),
  USERSTORE_TLS_CA: file(),
  USERSTORE_TLS_NAME: z.string().optional(),
  CONSOLE_CLIENT_CERT: file().describe(
    'file with the client certificate of role `admin` for calls to userstore; the service token limits it to the role of the person',
  ),
  CONSOLE_CLIENT_KEY: file().describe('file with the private key of `CONSOLE_CLIENT_CERT`'),
  DATA_DIR: z.string().min(1).default('./data'),
  ...LOG_VARIABLES,
});

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const isSecureOrLoopback = (url: unknown): boolean =>
  !URL.canParse(String(url)) || String(url).startsWith('https:') || LOOPBACK.test(new URL(String(url)).hostname);

const rules: Rule[] = [
  needs('CONSOLE_ISSUER', 'CONSOLE_CLIENT_ID'),
  needs('CONSOLE_ISSUER', 'CONSOLE_CLIENT_SECRET'),
  holds('CONSOLE_ISSUER', 'must begin with https://', ({ CONSOLE_ISSUER }) => isSecureOrLoopback(CONSOLE_ISSUER)),
  holds(
    'CONSOLE_ADMIN_GROUPS',
    'or another variable of groups is needed where CONSOLE_ISSUER is set: without groups nobody has a role',
    (data) => !data.CONSOLE_ISSUER || ROLES.some((role) => data[`CONSOLE_${role.toUpperCase()}_GROUPS`]),
  ),
  needs('CONSOLE_CLIENT_CERT', 'CONSOLE_CLIENT_KEY'),
  needs('CONSOLE_CLIENT_KEY', 'CONSOLE_CLIENT_CERT'),
  needs('CONSOLE_CLIENT_CERT', 'USERSTORE_TLS_CA'),
  usable({ ca: 'USERSTORE_TLS_CA', cert: 'CONSOLE_CLIENT_CERT', key: 'CONSOLE_CLIENT_KEY' }),
];

/** The configuration of the console. */
export interface Config extends LogSettings {
  port: number;
  host: string;
  /** The origin at which staff open the console. */
  consoleUrl: string;
  /** The edge's origin, for addresses that Okta admins enter; undefined: unknown. */
  publicUrl: string | undefined;
  /** Hosts of customers' identity providers that may be at private addresses. */
  ssoAllowedHosts: readonly string[];
  /** Undefined: staff cannot sign in with a provider. */
  provider:
    | { issuer: string; clientId: string; clientSecret: string; groupsClaim: string; roleGroups: RoleGroups }
    | undefined;
  /** The service tokens that are configured. */
  tokens: Partial<Record<Role, string>>;
  /** Undefined: there is no one-time link. */
  linkCode: string | undefined;
  userstoreAddress: string;
  userstoreTls: CertificateFiles | undefined;
  userstoreTlsName: string | undefined;
  dataDir: string;
  /** The values of the variables that are set, for the log. */
  inEffect: Record<string, unknown>;
}

/** Reads the configuration. Throws ConfigurationError with all problems. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile, rules);
  const { CONSOLE_ISSUER: issuer, CONSOLE_CLIENT_ID: clientId, CONSOLE_CLIENT_SECRET: clientSecret } = data;
  const roleGroups = {
    viewer: data.CONSOLE_VIEWER_GROUPS ?? [],
    support: data.CONSOLE_SUPPORT_GROUPS ?? [],
    admin: data.CONSOLE_ADMIN_GROUPS ?? [],
  };
  const tokens = {
    viewer: data.CONSOLE_VIEWER_TOKEN,
    support: data.CONSOLE_SUPPORT_TOKEN,
    admin: data.CONSOLE_ADMIN_TOKEN,
  };
  return {
    port: data.CONSOLE_PORT,
    host: data.CONSOLE_HOST,
    consoleUrl: data.CONSOLE_URL ?? `http://localhost:${data.CONSOLE_PORT}`,
    publicUrl: data.PUBLIC_URL,
    ssoAllowedHosts: data.SSO_ALLOWED_HOSTS ?? [],
    provider:
      issuer && clientId && clientSecret
        ? { issuer, clientId, clientSecret, groupsClaim: data.CONSOLE_GROUPS_CLAIM, roleGroups }
        : undefined,
    tokens: Object.fromEntries(Object.entries(tokens).filter(([, token]) => token !== undefined)),
    linkCode: data.CONSOLE_LINK_CODE,
    userstoreAddress: data.USERSTORE_ADDRESS,
    userstoreTls: data.USERSTORE_TLS_CA
      ? { ca: data.USERSTORE_TLS_CA, cert: data.CONSOLE_CLIENT_CERT, key: data.CONSOLE_CLIENT_KEY }
      : undefined,
    userstoreTlsName: data.USERSTORE_TLS_NAME,
    dataDir: data.DATA_DIR,
    logLevel: data.LOG_LEVEL,
    logFormat: data.LOG_FORMAT,
    inEffect: inEffect(variables, data, env),
  };
}
