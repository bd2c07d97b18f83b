/** The configuration of the command `admin`: a function of the environment, of its secrets' files, and of `npm start`. */
import { z } from 'zod';
import { type CertificateFiles, usable } from '../../config/certificate-files.js';
import {
  type Environment,
  needs,
  type ReadFile,
  type Rule,
  readSecretFile,
  readVariables,
} from '../../config/variables.js';
import { variables as edgeVariables } from '../../edge/config.js';
import { type Addresses, readAddresses } from '../start/address-file.js';

const { USERSTORE_ADDRESS, USERSTORE_TLS_CA, USERSTORE_TLS_NAME, DATA_DIR, PUBLIC_URL, PORT, TLS_CERT } =
  edgeVariables.shape;

/**
 * The variables with which the role `admin` connects to userstore. Their descriptions are those of the documentation.
 */
export const connection = z.object({
  USERSTORE_TLS_CA,
  USERSTORE_TLS_NAME,
  ADMIN_TOKEN: z
    .string()
    // gRPC refuses other characters with an error that contains the token.
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII characters without blanks')
    .optional()
    .meta({ description: 'service token of role `admin`, or `support`', unset: 'read from `DATA_DIR`', secret: true }),
  ADMIN_CLIENT_CERT: z.string().optional().describe('file with the client certificate of role `admin`, or `support`'),
  ADMIN_CLIENT_KEY: z.string().optional().describe('file with its private key'),
  DATA_DIR,
});

/** The rules between these variables. */
export const connectionRules: readonly Rule[] = [
  needs('ADMIN_CLIENT_CERT', 'ADMIN_CLIENT_KEY'),
  needs('ADMIN_CLIENT_KEY', 'ADMIN_CLIENT_CERT'),
  needs('ADMIN_CLIENT_CERT', 'USERSTORE_TLS_CA'),
  usable({ ca: 'USERSTORE_TLS_CA', cert: 'ADMIN_CLIENT_CERT', key: 'ADMIN_CLIENT_KEY' }),
];

/** The variables of the command `admin`. */
export const variables = z.object({ USERSTORE_ADDRESS, ...connection.shape, PUBLIC_URL, PORT, TLS_CERT });

/** The configuration of a command. */
export interface Config {
  /** "host:port" */
  userstoreAddress: string;
  /** If undefined, calls are not encrypted. */
  userstoreTls: CertificateFiles | undefined;
  /** The name that userstore's certificate must have; undefined: the host of its address. */
  userstoreTlsName: string | undefined;
  /** If undefined, the commands use the token in `dataDir`, unless there is a certificate. */
  adminToken: string | undefined;
  dataDir: string;
  /** "https://host", as Okta admins enter it. */
  publicUrl: string;
}

/**
 * Reads the configuration. Without USERSTORE_ADDRESS and PUBLIC_URL, the addresses are those of the `npm start` that runs
 * on the same DATA_DIR. Throws ConfigurationError with all problems.
 */
export function readConfig(
  env: Environment,
  readFile: ReadFile = readSecretFile,
  addressesIn: (dataDir: string) => Addresses | undefined = readAddresses,
): Config {
  const data = readVariables(variables, env, readFile, connectionRules);
  const started = env.USERSTORE_ADDRESS ? undefined : addressesIn(data.DATA_DIR);
  return {
    userstoreAddress: started?.userstore ?? (data.USERSTORE_ADDRESS.split(',', 1)[0] as string),
    ...userstoreTlsOf(data),
    adminToken: data.ADMIN_TOKEN,
    dataDir: data.DATA_DIR,
    publicUrl: data.PUBLIC_URL ?? started?.publicUrl ?? `${data.TLS_CERT ? 'https' : 'http'}://localhost:${data.PORT}`,
  };
}

/** Returns the TLS settings of the role `admin`. */
export function userstoreTlsOf({
  USERSTORE_TLS_CA: ca,
  ADMIN_CLIENT_CERT: cert,
  ADMIN_CLIENT_KEY: key,
  USERSTORE_TLS_NAME,
}: z.output<typeof connection>): Pick<Config, 'userstoreTls' | 'userstoreTlsName'> {
  return { userstoreTls: ca ? { ca, cert, key } : undefined, userstoreTlsName: USERSTORE_TLS_NAME };
}
