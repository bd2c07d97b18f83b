/** The client with a certificate in files: it calls by its role, and takes renewed files by itself. */
import { renameSync } from 'node:fs';
import { expect } from 'chai';
import { followFiles } from '../../client/certificate-files.js';
import { connect } from '../../client/connect.js';
import { certificatesOfTests, type Folder, tlsVariables } from '../harness/certificates.js';
import { testMongodbUri } from '../harness/mongod.js';
import { type Service, startUserstore } from '../harness/processes.js';
import { actor, eventually } from '../harness/userstore.js';

describe('the client with a certificate in files', function () {
  this.timeout(60_000);
  let folder: Folder;
  before(async () => {
    folder = await certificatesOfTests();
  });
  after(() => folder.remove());

  const filesOf = (name: string) => ({
    ca: folder.path('ca.crt'),
    cert: folder.path(`${name}.crt`),
    key: folder.path(`${name}.key`),
  });

  it('is known by its role', async () => {
    const mongodbUri = testMongodbUri(`client-tls-${process.pid}`);
    const { userstore, address }: { userstore: Service; address: string } = await startUserstore(
      mongodbUri,
      tlsVariables(folder),
    );
    const admin = connect({ address, tls: filesOf('admin') });
    const reader = connect({ address, tls: filesOf('reader') });
    const { organization } = await admin.organizations.create({ actor: actor(), displayName: 'Oak Street' });
    const organizationId = organization?.id ?? '';
    expect(await reader.users.list({ organizationId }).all()).to.deep.equal([]);
    const refused = await reader.users
      .create({ organizationId, actor: actor(), user: { userName: 'ana' } })
      .catch((error: Error) => error.name);
    expect(refused).to.equal('PermissionDeniedError');
    admin.close();
    reader.close();
    await userstore.stop();
  });

  it('takes renewed files, and keeps what it has while a pair does not fit', async () => {
    const followed = followFiles(filesOf('reader'), 50);
    const first = followed.current().cert?.toString();
    const other = await certificatesOfTests();

    renameSync(other.path('admin.key'), folder.path('reader.key'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(followed.current().cert?.toString()).to.equal(first);
    let told = 0;
    followed.follow(() => told++);
    await folder.write('reader');
    await eventually('the new certificate is in use', async () => followed.current().cert?.toString() !== first);
    expect(told).to.equal(1);
    followed.close();
    await other.remove();
  });

  it('refuses files that cannot be used at the start', () => {
    expect(() => followFiles({ ca: folder.path('nothing.crt') })).to.throw(/nothing.crt/);
  });
});
