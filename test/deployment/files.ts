/** The deployment files as data, and which variables the services read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, loadAll, YAML11_SCHEMA } from 'js-yaml';
import { variables as adminVariables } from '../../bin/admin/config.js';
import { secretsOf, type Variables } from '../../config/variables.js';
import { variables as consoleVariables } from '../../console/config.js';
import { variables as edgeVariables } from '../../edge/config.js';
import { variables as userstoreVariables } from '../../userstore/config.js';

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const KUBERNETES = join(ROOT, 'docs/kubernetes');

/** The text of a file of the project. */
export const textOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** A service of a compose file. */
export interface ComposeService {
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  pids_limit?: number;
  mem_limit?: string;
  environment?: Record<string, string>;
  secrets?: string[];
  ports?: string[];
  networks?: string[];
  volumes?: string[];
}

/** A compose file. */
export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks?: Record<string, { internal?: boolean }>;
  secrets: Record<string, { file: string }>;
}

/** A compose file of the project's folder. */
export const composeFile = (name: string): ComposeFile =>
  load(textOf(name), { schema: YAML11_SCHEMA }) as unknown as ComposeFile;

/** The names of the files in docs/kubernetes. */
export const manifestFiles = (): string[] => readdirSync(KUBERNETES).filter((name) => name.endsWith('.yaml'));

// biome-ignore lint/suspicious/noExplicitAny: a manifest is what its kind says, which its test reads
export const manifests = (name: string): any[] =>
  loadAll(readFileSync(join(KUBERNETES, name), 'utf8'), { schema: YAML11_SCHEMA });

/** A service with variables. */
export type Service = 'edge' | 'userstore' | 'console';

const READERS: Record<Service, Variables[]> = {
  console: [consoleVariables],
  edge: [edgeVariables],
  // The admin command runs in userstore's containers.
  userstore: [userstoreVariables, adminVariables],
};

/** Returns the mistakes in the variables of a service: names that it does not read, secrets that are no files. */
export function wrongVariables(service: Service, names: string[]): string[] {
  const readers = READERS[service];
  const secrets = readers.flatMap(secretsOf);
  const known = readers.flatMap(({ shape }) => Object.keys(shape)).filter((name) => !secrets.includes(name));
  const allowed = [...known, ...secrets.map((name) => `${name}_FILE`)];
  return names.filter((name) => !allowed.includes(name));
}
