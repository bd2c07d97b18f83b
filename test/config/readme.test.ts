/** The README and docs/: generated text is current, the front page stays short, links and references lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import { LOADS } from '../../bench/hostile/loads.js';
import { NOT_SPENT, SPENT } from '../../bench/hostile/spent.js';
import { withTable } from '../../bin/generate-config/table.js';

const MAX_LINES = 150;
const MAX_BYTES = 10 * 1024;

const read = (file: string) => readFileSync(file, 'utf8');

/** README.md and the pages of docs/, at any depth. */
const PAGES = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

/** Returns the targets of the relative links of a page, without anchors. Code is not searched. */
const linksOf = (page: string): string[] =>
  [...page.replace(/```[\s\S]*?```|`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^([a-z]+:|#)/i.test(target))
    .map((target) => target.replace(/#.*$/, ''));

/** Returns the cells of the rows of all tables of a page. */
const rowsOf = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|'));

const codeIn = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

describe('the README', () => {
  it(`has at most ${MAX_LINES} lines and ${MAX_BYTES / 1024} KB`, () => {
    const readme = read('README.md');
    expect(readme.split('\n').length - 1, 'lines').to.be.at.most(MAX_LINES);
    expect(Buffer.byteLength(readme), 'bytes').to.be.at.most(MAX_BYTES);
  });

  it('shows the sentences that `npm start` prints', () => {
    const shown = /ends like this.*?```\n(.*?)```/s.exec(read('README.md'))?.[1] ?? '';
    const sentences = shown.split('\n').filter((line) => /^ {2}[A-Z].*[:.]$/.test(line));
    expect(sentences).to.have.length(5);
    const source = read('bin/start/welcome.ts');
    // The place of the data and the secrets differ from start to start.
    const fixed = sentences.flatMap((line) => line.trim().split('./data'));
    for (const text of fixed) expect(source, text).to.include(text);
  });
});

describe('the pages', () => {
  for (const page of PAGES) {
    it(`have links that lead to files: ${page}`, () => {
      const broken = linksOf(read(page)).filter((target) => !existsSync(join(dirname(page), target)));
      expect(broken).to.deep.equal([]);
    });
  }
});

describe('the page of the configuration', () => {
  it('has the table of variables that `npm run generate:config` writes', () => {
    const page = read('docs/configuration.md');
    expect(withTable(page) === page, 'run npm run generate:config').to.equal(true);
  });

  it('is not written if the comments around the table are missing', () => {
    expect(() => withTable('# A project')).to.throw(/comments/);
  });
});

describe('the page of the limits', () => {
  it('names constants and settings that exist in the files it names', () => {
    const rows = rowsOf(read('docs/limits.md')).map((cells) => codeIn(cells[2]));
    const cited = rows.filter(([file]) => file?.endsWith('.ts'));
    expect(cited.length).to.be.above(80);
    const missing = cited.flatMap(([file = '', ...names]) => {
      const source = existsSync(file) ? read(file) : '';
      return (names.length > 0 ? names : ['\0'])
        .filter((name) => !source.includes(name))
        .map((name) => `${file} ${name}`);
    });
    expect(missing).to.deep.equal([]);
  });

  it('names no limit that a hostile load neither spends nor leaves out for a reason', () => {
    const named = rowsOf(read('docs/limits.md'))
      .map(([limit = '']) => limit.trim())
      .filter((limit) => !/^(\*\*.*|What|---)$/.test(limit));
    const known = [...Object.values(SPENT), ...Object.values(NOT_SPENT)].flat();
    expect(known).to.have.members([...new Set(named)]);
    expect(LOADS.map(({ name }) => name)).to.include.members(Object.keys(SPENT));
  });
});

describe('the page of the quirks', () => {
  it('names files that exist, and tests by the name of their file and their title', () => {
    const tests = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.test.ts'),
    );
    const hasTest = (citation: string) => {
      const [name = '', ...title] = citation.split(': ');
      return tests.some((file) => {
        if (basename(file) !== `${name}.test.ts`) return false;
        const source = read(join('test', file)).replace(/\\(['"`])/g, '$1');
        return title
          .join(': ')
          .split('…')
          .every((part) => source.includes(part));
      });
    };
    const rows = rowsOf(read('docs/quirks.md')).filter((cells) => cells.length === 4 && cells[2]?.includes('`'));
    expect(rows.length).to.be.above(30);
    const missing = rows.flatMap(([, , files, proof]) => [
      ...codeIn(files).filter((file) => file.endsWith('.ts') && !existsSync(file)),
      ...codeIn(proof).filter((citation) => !hasTest(citation)),
    ]);
    expect(missing).to.deep.equal([]);
  });
});
