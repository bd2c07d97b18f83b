/** The command `npm run generate:api`: writes the API reference in docs/api from the contract. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiPages } from './generate-api/pages.js';

const FOLDER = 'docs/api';

const pages = apiPages(await readFile('proto/gen/contract.binpb'));
await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER);
for (const [name, text] of pages) await writeFile(join(FOLDER, name), text);
