/** docs/conformance.md cites tests that exist and run, and leaves no requirement without proof or reason. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TITLE = /\bit(\.skip)?\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

/** Replaces the parts of a title that differ between the rows of a table of tests by "…". */
const fixedParts = (title: string) =>
  title
    .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
    .replace(/\\(.)/g, '$1')
    .replace(/…+/g, '…');

function titlesOfTests(): Map<string, { isSkipped: boolean }> {
  const titles = new Map<string, { isSkipped: boolean }>();
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.test.ts') && !name.startsWith('conformance'))) {
    for (const [, skip, ...texts] of readFileSync(join(ROOT, 'test', file), 'utf8').matchAll(TITLE)) {
      const name = file.replaceAll('\\', '/').slice(0, -'.test.ts'.length);
      titles.set(`${name}: ${fixedParts(texts.join(''))}`, { isSkipped: skip !== undefined });
    }
  }
  return titles;
}

/** The cells of the rows of all tables, without heads. */
const rows = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\|(?! (Section|-+) )/.test(line))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );

describe('the conformance page', () => {
  const titles = titlesOfTests();

  it('has requirements of all three kinds, each with proof or reason', () => {
    expect(rows.length).to.be.above(80);
    for (const row of rows) {
      const [section, level, requirement, proof] = row;
      expect(row, requirement).to.have.length(4);
      expect(section, requirement).to.match(/^\d+(\.\d+)*$/);
      expect(level, requirement).to.be.oneOf(['MUST', 'SHOULD', 'MAY']);
      expect(proof, requirement).to.match(/^(`.+`|not offered\b.{10,})$/);
    }
  });

  for (const [section, , requirement, proof = ''] of rows) {
    const title = /^`(.+)`$/.exec(proof)?.[1];
    if (title === undefined) continue;
    it(`cites a test that runs: ${section} ${requirement}`, () => {
      expect([...titles.keys()]).to.include(title);
      expect(titles.get(title)?.isSkipped, 'skipped').to.equal(false);
    });
  }
});
