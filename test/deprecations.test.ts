/** Deprecated parts of the contract: each says since when, until when at least, and what to use instead. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const FOLDER = 'proto/userstore/v1';
const DAY_MS = 86_400_000;
/** The least time for which a deprecated part is kept. */
const MIN_DAYS = 365;
const NOTE = /Deprecated since (\d{4}-\d\d-\d\d), kept until at least (\d{4}-\d\d-\d\d): use \S+/;

/** Returns the deprecated parts of a .proto file whose comment lacks the note, or keeps them for too short a time. */
function undated(proto: string): string[] {
  const lines = proto.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^\s*[^/]*\bdeprecated\s*=\s*true/.test(line)) return [];
    // An option of an RPC or a message stands below the line that its comment is above.
    let start = index;
    while (start > 0 && !/^\s*\/\//.test(lines[start - 1] ?? '') && (lines[start - 1] ?? '').trim() !== '') start--;
    let first = start;
    while (first > 0 && /^\s*\/\//.test(lines[first - 1] ?? '')) first--;
    const comment = lines
      .slice(first, start)
      .join(' ')
      .replace(/\s*\/\/\s*/g, ' ');
    const [, since = '', until = ''] = NOTE.exec(comment) ?? [];
    return Date.parse(until) - Date.parse(since) >= MIN_DAYS * DAY_MS ? [] : [line.trim()];
  });
}

describe('deprecated parts of the contract', () => {
  for (const name of readdirSync(FOLDER)) {
    it(`have dates and a successor: ${name}`, () => {
      expect(undated(readFileSync(join(FOLDER, name), 'utf8'))).to.deep.equal([]);
    });
  }

  const note = '// Deprecated since 2026-11-27, kept until at least 2027-11-27: use `b`.';
  const cases: [text: string, found: number][] = [
    [`  ${note}\n  string a = 1 [deprecated = true];`, 0],
    ['  // The name.\n  string a = 1 [deprecated = true];', 1],
    [
      '  // Deprecated since 2026-11-27, kept until at least 2027-01-27: use `b`.\n  string a = 1 [deprecated = true];',
      1,
    ],
    ['  // Deprecated since 2026-11-27: use `b`.\n  string a = 1 [deprecated = true];', 1],
    [`  ${note}\n  rpc A(B) returns (C) {\n    option deprecated = true;\n  }`, 0],
    ['  // Does it.\n  rpc A(B) returns (C) {\n    option deprecated = true;\n  }', 1],
    ['  // The word deprecated = true in a comment.\n  string a = 1;', 0],
  ];
  for (const [text, found] of cases) {
    it(`are found: ${JSON.stringify(text)}`, () => expect(undated(text)).to.have.length(found));
  }
});
