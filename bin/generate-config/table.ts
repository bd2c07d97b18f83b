/** The table of environment variables in docs/configuration.md, from the schemas by which they are read. */
import { secretsOf, type Variables } from '../../config/variables.js';
import { variables as console_ } from '../../console/config.js';
import { variables as edge } from '../../edge/config.js';
import { variables as userstore } from '../../userstore/config.js';
import { variables as admin } from '../admin/config.js';
import { variables as certificates } from '../certificates/config.js';
import { variables as okta } from '../okta/config.js';
import { variables as start } from '../start/config.js';

/** The readers of variables; the first one with a description or default provides it. */
const READERS: Record<string, Variables> = { edge, userstore, console: console_, start, admin, okta, certificates };

const BEGIN = '<!-- begin of configuration: npm run generate:config writes it -->\n';
const END = '<!-- end of configuration -->';

/** Replaces the table between the two comments of `page`. Throws if `page` lacks the comments. */
export function withTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('The page lacks the comments around the table.');
  return `${page.slice(0, begin)}${BEGIN}\n${configurationTable()}\n\n${page.slice(end)}`;
}

/** Returns the table as Markdown, one row for each variable. */
function configurationTable(): string {
  const names = [...new Set(Object.values(READERS).flatMap((variables) => Object.keys(variables.shape)))];
  const rows = names.map((name) => {
    const readers = Object.keys(READERS).filter((reader) => READERS[reader]?.shape[name]);
    const metas = readers.map((reader) => READERS[reader]?.shape[name]?.meta());
    const description = metas.find((meta) => meta?.description)?.description;
    if (description === undefined) throw new Error(`${name} has no description.`);
    const isSecret = readers.some((reader) => secretsOf(READERS[reader] as Variables).includes(name));
    return [`\`${name}\``, isSecret ? 'yes' : '', readers.join(', '), defaultOf(name, readers), description];
  });
  return [['Variable', 'Secret', 'Read by', 'Default', 'Meaning'], Array<string>(5).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function defaultOf(name: string, readers: string[]): string {
  for (const reader of readers) {
    const schema = READERS[reader]?.shape[name];
    const unset = schema?.meta()?.unset ?? schema?.safeParse(undefined).data;
    if (unset !== undefined) return String(unset);
  }
  return '';
}
