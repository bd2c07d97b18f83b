/** The command `npm run generate:config`: writes the README's table of environment variables. */
import { readFile, writeFile } from 'node:fs/promises';
import { withTable } from './generate-config/table.js';

await writeFile('README.md', withTable(await readFile('README.md', 'utf8')));
