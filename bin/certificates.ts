/** The command `certificates`: a CA for development, and the certificates of everybody in an installation. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { program } from 'commander';
import { createCa, hostsOf, type Issued, issue, type Subject } from './certificates/issue.js';
import { wholeNumber } from './whole-number.js';

const CA_DAYS = 3650;
/** So many days are asked of a public certificate at most: some clients refuse longer ones. */
const DAYS = 397;
const HERE = ['localhost', '127.0.0.1', '::1'];

const EXAMPLES = `
Example: everything encrypted on one machine
  npm run certificates
  set -a && . ./data/certificates/tls.env && set +a && npm start

Example: the hosts of a compose file, and later new certificates of the same CA; running services take them up by themselves
  npm run certificates -- --host edge --host userstore --host scim.example.org
  npm run certificates -- --renew

The CA's key stays beside the certificates: for development, or move it away. Okta takes a certificate of a public CA only.
Exit status: 0 done, 1 failed, 2 wrong arguments.`;

interface Options {
  out: string;
  host: string[];
  days: number;
  renew: boolean;
}

program
  .name('certificates')
  .description('Makes a CA and certificates for the edge, userstore and those who call it.')
  .option('--out <folder>', 'where to', './data/certificates')
  .option('--host <name>', 'a name or address of a server besides this machine; may be repeated', collect, [])
  .option('--days <number>', 'how long certificates are valid', wholeNumber(1, 3650), DAYS)
  .option(
    '--renew',
    'issue new certificates of the CA that is there, for the same hosts unless others are given',
    false,
  )
  .addHelpText('after', EXAMPLES)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

function collect(host: string, before: string[]): string[] {
  if (!/^[\w.:*-]{1,253}$/.test(host)) program.error(`error: ${host} is no name and no address of a host`);
  return [...before, host];
}

try {
  await make(program.opts<Options>());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

async function make({ out, host, days, renew }: Options): Promise<void> {
  await mkdir(out, { recursive: true, mode: 0o700 });
  const ca = await caIn(out, renew);
  const hosts = renew && host.length === 0 ? await hostsIn(out) : [...new Set([...HERE, ...host])];
  const subjects: Record<string, Subject> = {
    'edge-https': { commonName: 'edge', hosts, days },
    userstore: { commonName: 'userstore', hosts: [...new Set([...hosts, 'userstore'])], days },
    edge: { commonName: 'edge', role: 'edge', days },
    reader: { commonName: 'reader', role: 'reader', days },
    admin: { commonName: 'admin', role: 'admin', days },
  };
  for (const [name, subject] of Object.entries(subjects)) await write(join(out, name), await issue(ca, subject));
  const variables = variablesFor(resolve(out));
  await writeFile(join(out, 'tls.env'), variables);
  console.log(`${variables}\nThese variables are in ${join(out, 'tls.env')}.`);
}

/** The variables by which edge, userstore and the command admin use the certificates in a folder. */
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

/** The CA that is there when certificates are renewed, else a new one. */
async function caIn(folder: string, renew: boolean): Promise<Issued> {
  const path = join(folder, 'ca');
  const [cert, key] = await Promise.all(
    [`${path}.crt`, `${path}.key`].map((file) => readFile(file, 'utf8').catch(none)),
  );
  if (renew && cert && key) return { cert, key };
  if (renew) throw new Error(`There is no CA in ${folder}; without --renew one is made.`);
  if (cert || key) throw new Error(`There is a CA in ${folder} already: use --renew, or another folder.`);
  const ca = await createCa('LeaseHawk development CA', CA_DAYS);
  await write(path, ca);
  return ca;
}

/** The hosts that certificates were made for before. */
async function hostsIn(folder: string): Promise<string[]> {
  return hostsOf(await readFile(join(folder, 'edge-https.crt'), 'utf8'));
}

function none(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Each file whole or not at all: running services read them. The key first, as its certificate is of no use without. */
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
