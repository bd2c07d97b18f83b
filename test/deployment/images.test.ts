/** The images: no code in an image imports a package that the image lacks. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, textOf } from './files.js';

const HOLDS = {
  console: ['brand', 'client', 'config', 'outbound', 'proto', 'console'],
  edge: ['brand', 'client', 'config', 'outbound', 'proto', 'edge'],
  userstore: ['client', 'config', 'outbound', 'proto', 'userstore', 'bin/admin', 'bin/admin.ts'],
};

/** The packages that files under these paths import when they run. */
function importedBy(paths: string[]): Set<string> {
  const files = paths.flatMap((path) =>
    path.endsWith('.ts')
      ? [path]
      : readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)),
  );
  const statement =
    /^(?:import|export)\s(?!type\s)[^'";]*?from\s+'((?:@[\w-]+\/)?[\w-]+)|\bimport\('((?:@[\w-]+\/)?[\w-]+)/gm;
  return new Set(
    files
      .filter((file) => /\.tsx?$/.test(file))
      .flatMap((file) => [...textOf(file).matchAll(statement)].map(([, named, late]) => named ?? late ?? '')),
  );
}

describe('the images', () => {
  for (const [service, paths] of Object.entries(HOLDS)) {
    it(`of ${service} leave out no package that is needed in them`, () => {
      const [, list = ''] = /npm uninstall --no-save --omit=dev (.+) \\/.exec(textOf(`${service}/Dockerfile`)) ?? [];
      const leftOut = list.split(' ');
      expect(leftOut.length).to.be.above(1);
      const imported = importedBy(paths);
      expect(imported).to.include('zod');
      expect(leftOut.filter((name) => imported.has(name))).to.deep.equal([]);
    });
  }

  it('of userstore has the descriptors that server reflection reads', () => {
    const line = 'COPY --from=build /app/proto/gen/contract.binpb /app/proto/gen/health.binpb proto/gen/\n';
    expect(textOf('userstore/Dockerfile')).to.include(line);
  });

  it('are checked by a search that works: the edge imports express, userstore mongoose, the admin command commander', () => {
    expect(importedBy(HOLDS.edge)).to.include('express');
    expect(importedBy(HOLDS.userstore)).to.include('mongoose').and.include('commander');
  });

  it('run Node.js 24 and MongoDB 8.0, which are maintained: until April 2028 and October 2029', () => {
    for (const service of Object.keys(HOLDS)) {
      const bases = [...textOf(`${service}/Dockerfile`).matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
      expect(bases).to.deep.equal(['node:24-bookworm-slim', 'node:24-bookworm-slim']);
    }
    for (const file of ['docker-compose.yml', 'docker-compose.replica-set.yml']) {
      const images = [...textOf(file).matchAll(/image: (mongo\S*)/g)].map(([, image]) => image);
      expect(new Set(images)).to.deep.equal(new Set(['mongo:8.0']));
    }
  });
});
