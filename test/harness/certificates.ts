/** A CA for tests, with the certificates of an edge, a userstore and their callers in files. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCa, type Issued, issue, type Subject } from '../../bin/certificates/issue.js';
import { type Certificates, followCertificates } from '../../config/certificates.js';

const HOSTS = ['localhost', '127.0.0.1'];

/** The certificates of an installation; "nobody" has no role. */
const SUBJECTS: Record<string, Omit<Subject, 'days'>> = {
  https: { commonName: 'https', hosts: HOSTS },
  userstore: { commonName: 'userstore', hosts: HOSTS },
  edge: { commonName: 'the edge', role: 'edge' },
  reader: { commonName: 'the reader', role: 'reader' },
  viewer: { commonName: 'the viewer', role: 'viewer' },
  support: { commonName: 'the support', role: 'support' },
  admin: { commonName: 'the admin', role: 'admin' },
  nobody: { commonName: 'nobody' },
  owner: { commonName: 'the owner', role: 'owner' },
};

/** A folder with ca.crt, and NAME.crt and NAME.key for each of the above. */
export interface Folder {
  ca: Issued;
  path: (file: string) => string;
  /** Issues a certificate, into the files of that name. */
  write: (name: string, subject?: Partial<Subject>, ca?: Issued) => Promise<void>;
  /** Replaces the CA and everything it has issued. */
  renew: () => Promise<void>;
  /** Returns the channel options of a client with the certificate of this name. */
  clientOf: (name?: string) => Promise<Certificates>;
  remove: () => Promise<void>;
}

/** Replaces a file atomically, as the renewal of certificates does. */
export async function replace(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/** Creates a CA and all certificates in a new folder. */
export async function certificatesOfTests(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  const path = (file: string) => join(folder, file);
  const made: Folder = {
    ca: await createCa('CA of tests', 1),
    path,
    write: async (name, subject = {}, ca = made.ca) => {
      const { cert, key } = await issue(ca, { commonName: name, ...SUBJECTS[name], days: 1, ...subject });
      await replace(path(`${name}.key`), key);
      await replace(path(`${name}.crt`), cert);
    },
    renew: async () => {
      made.ca = await createCa('CA of tests', 1);
      await Promise.all(Object.keys(SUBJECTS).map((name) => made.write(name)));
      await replace(path('ca.crt'), made.ca.cert);
    },
    clientOf: (name) => {
      const own = name === undefined ? {} : { cert: path(`${name}.crt`), key: path(`${name}.key`) };
      return followCertificates({ ca: path('ca.crt'), ...own });
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await made.renew();
  return made;
}

/** The variables by which both services, and the command admin, use these certificates. */
export const tlsVariables = ({ path }: Folder): Record<string, string> => ({
  TLS_CERT: path('https.crt'),
  TLS_KEY: path('https.key'),
  USERSTORE_TLS_CERT: path('userstore.crt'),
  USERSTORE_TLS_KEY: path('userstore.key'),
  USERSTORE_TLS_CLIENT_CA: path('ca.crt'),
  USERSTORE_TLS_CA: path('ca.crt'),
  USERSTORE_CLIENT_CERT: path('edge.crt'),
  USERSTORE_CLIENT_KEY: path('edge.key'),
  ADMIN_CLIENT_CERT: path('admin.crt'),
  ADMIN_CLIENT_KEY: path('admin.key'),
});
