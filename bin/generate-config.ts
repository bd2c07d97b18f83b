/** The command `npm run generate:config`: writes the table of environment variables in docs/configuration.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTable } from './generate-config/table.js';

const FILE = 'docs/configuration.md';

await writeFile(FILE, withTable(await readFile(FILE, 'utf8')));
