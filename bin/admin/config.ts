/** The configuration of the command `admin`: a pure function of the environment and of its secrets' files. */
import { z } from 'zod';
import { type Environment, type ReadFile, readSecretFile, readVariables } from '../../config/variables.js';
import { variables as edgeVariables } from '../../edge/config.js';

const { USERSTORE_ADDRESS, DATA_DIR, PUBLIC_URL, PORT } = edgeVariables.shape;

/** The variables; their descriptions are the README's. */
export const variables = z.object({
  USERSTORE_ADDRESS,
  ADMIN_TOKEN: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'service token of role `admin`', unset: 'out of `DATA_DIR`', secret: true }),
  DATA_DIR,
  PUBLIC_URL,
  PORT,
});

/** What the commands run with. */
export interface Config {
  /** "host:port" */
  userstoreAddress: string;
  /** Undefined: the one in `dataDir`. */
  adminToken: string | undefined;
  dataDir: string;
  /** "https://host", as it is told to Okta's admins. */
  publicUrl: string;
}

/** Reads the configuration. Throws Misconfigured with every problem. */
export function readConfig(env: Environment, readFile: ReadFile = readSecretFile): Config {
  const data = readVariables(variables, env, readFile);
  return {
    userstoreAddress: data.USERSTORE_ADDRESS,
    adminToken: data.ADMIN_TOKEN,
    dataDir: data.DATA_DIR,
    publicUrl: data.PUBLIC_URL ?? `http://localhost:${data.PORT}`,
  };
}
