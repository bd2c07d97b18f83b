/** The command `certificates`: creates a CA for development and the certificates of all services and callers. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { program } from 'commander';
import { createPrivateFolder } from '../config/private-folder.js';
import { readVariables } from '../config/variables.js';
import { commanderOutput, messageOf, multiline, print, printable, printError } from './admin/printer.js';
import { type Clients, clientsIn, collectClient } from './certificates/clients.js';
import { variables } from './certificates/config.js';
import { createCa, hostsOf, type Issued, issue, type Subject } from './certificates/issue.js';
import { wholeNumber } from './whole-number.js';

const CA_DAYS = 3650;
/** The longest validity of public certificates: some clients refuse longer ones. */
const DAYS = 397;
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];

const EXAMPLES = `
Example: everything encrypted on one machine
  npm run certificates
  set -a && . ./data/certificates/tls.env && set +a && npm start

Example: the hosts of a compose file; later, new certificates of the same CA, which running services load automatically
  npm run certificates -- --host edge --host userstore --host scim.example.org
  npm run certificates -- --renew

Example: a service that reads all organizations, and one that reads two; beside an existing CA, only these are issued
  npm run certificates -- --client billing:reader --client reports:reader:7kq2m9xw4hbd,9spuvmsvt7pm

The CA's key is stored beside the certificates: use it for development, or move it. Okta accepts only certificates of a public CA.
Exit status: 0 success, 1 failure, 2 wrong arguments.`;

interface Options {
  /** Undefined: in DATA_DIR. */
  out?: string;
  host: string[];
  client: Clients;
  days: number;
  renew: boolean;
}

program
  .name('certificates')
  .description('Creates a CA and certificates for the edge, userstore and its callers.')
  .option('--out <folder>', 'output folder (default: certificates in DATA_DIR)')
  .option('--host <name>', 'another name or address of the servers; may be repeated', collect, [])
  .option('--client <name:role[:organization,…]>', 'another caller of userstore; may be repeated', collectClient, {})
  .option('--days <number>', 'days that certificates are valid', wholeNumber(1, 3650), DAYS)
  .option(
    '--renew',
    'issue new certificates of the existing CA, for the same callers, and the same hosts unless --host is given',
    false,
  )
  .configureOutput(commanderOutput)
  .addHelpText('after', EXAMPLES)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

function collect(host: string, before: string[]): string[] {
  if (!/^[\w.:*-]{1,253}$/.test(host)) program.error(`error: ${host} is neither a host name nor an address`);
  return [...before, host];
}

try {
  await make(program.opts<Options>());
} catch (error) {
  printError(messageOf(error));
  process.exit(1);
}

async function make({ out: given, host, client, days, renew }: Options): Promise<void> {
  const out = given ?? join(readVariables(variables, process.env).DATA_DIR, 'certificates');
  await createPrivateFolder(out);
  const issueAll = async (ca: Issued, subjects: Record<string, Subject>) => {
    for (const [name, subject] of Object.entries(subjects)) await write(join(out, name), await issue(ca, subject));
  };
  const existing = renew ? undefined : await existingCa(out);
  if (existing && Object.keys(client).length > 0) {
    await issueAll(existing, lasting(client, days));
    print(printable`The certificates of ${Object.keys(client).join(', ')} are in ${out}.`);
    return;
  }
  const ca = await caIn(out, renew);
  const hosts = renew && host.length === 0 ? await hostsIn(out) : [...new Set([...THIS_MACHINE, ...host])];
  const subjects: Record<string, Subject> = {
    'edge-https': { commonName: 'edge', hosts, days },
    userstore: { commonName: 'userstore', hosts: [...new Set([...hosts, 'userstore'])], days },
    edge: { commonName: 'edge', role: 'edge', days },
    reader: { commonName: 'reader', role: 'reader', days },
    admin: { commonName: 'admin', role: 'admin', days },
  };
  const before = renew ? await clientsIn(out, Object.keys(subjects)) : {};
  await issueAll(ca, { ...subjects, ...lasting({ ...before, ...client }, days) });
  const lines = variablesFor(resolve(out));
  await writeFile(join(out, 'tls.env'), lines);
  print(printable`${multiline(lines)}\nThese variables are in ${join(out, 'tls.env')}.`);
}

/** Returns callers as the subjects of certificates that are valid for `days`. */
function lasting(clients: Clients, days: number): Record<string, Subject> {
  return Object.fromEntries(Object.entries(clients).map(([name, caller]) => [name, { ...caller, days }]));
}

/** Returns the variables with which edge, userstore and the command admin use the certificates in a folder. */
function variablesFor(folder: string): string {
  const files = {
    TLS_CERT: 'edge-https.crt',
    TLS_KEY: 'edge-https.key',
    USERSTORE_TLS_CERT: 'userstore.crt',
    USERSTORE_TLS_KEY: 'userstore.key',
    USERSTORE_TLS_CLIENT_CA: 'ca.crt',
    USERSTORE_TLS_CA: 'ca.crt',
    USERSTORE_CLIENT_CERT: 'edge.crt',
    USERSTORE_CLIENT_KEY: 'edge.key',
    ADMIN_CLIENT_CERT: 'admin.crt',
    ADMIN_CLIENT_KEY: 'admin.key',
  };
  return Object.entries(files)
    .map(([variable, file]) => `${variable}=${join(folder, file)}\n`)
    .join('');
}

/** Returns the existing CA if certificates are renewed, else a new one. Throws an Error if `renew` does not fit. */
async function caIn(folder: string, renew: boolean): Promise<Issued> {
  const existing = await existingCa(folder);
  if (renew && existing) return existing;
  if (renew) throw new Error(`There is no CA in ${folder}; omit --renew to create one.`);
  if (existing) throw new Error(`${folder} already contains a CA: use --renew, or another folder.`);
  const ca = await createCa('LeaseHawk development CA', CA_DAYS);
  await write(join(folder, 'ca'), ca);
  return ca;
}

/** Returns the CA in a folder; undefined if there is none. Throws an Error if a part of it is missing. */
async function existingCa(folder: string): Promise<Issued | undefined> {
  const path = join(folder, 'ca');
  const [cert, key] = await Promise.all(
    [`${path}.crt`, `${path}.key`].map((file) => readFile(file, 'utf8').catch(none)),
  );
  if (!cert !== !key) throw new Error(`${folder} contains only a part of a CA: use another folder.`);
  return cert && key ? { cert, key } : undefined;
}

/** Returns the hosts of the existing certificates. */
async function hostsIn(folder: string): Promise<string[]> {
  return hostsOf(await readFile(join(folder, 'edge-https.crt'), 'utf8'));
}

function none(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Writes each file atomically, because running services read them; the key first, because a certificate needs its key.
 */
async function write(path: string, { cert, key }: Issued): Promise<void> {
  for (const [file, content, mode] of [
    [`${path}.key`, key, 0o600],
    [`${path}.crt`, cert, 0o644],
  ] as const) {
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, content, { mode, flag: 'wx' });
    await rename(draft, file);
  }
}
