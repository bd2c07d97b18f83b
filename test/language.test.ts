/**
 * The language of documents, comments, log lines and test titles: plain, current English. Each rule has the reason that
 * a failure prints.
 */
import { expect } from 'chai';
import { projectFiles } from './harness/sources.js';

interface LanguageRule {
  mayNot: RegExp;
  because: string;
}

const WORDS: LanguageRule[] = [
  { mayNot: /\b(he|him|his|himself)\b/i, because: 'people are "they"' },
  { mayNot: /\b(whoever|whom|whomever|whosoever)\b/i, because: 'name the role: the client, the operator, the user' },
  { mayNot: /\b(heeds?|heeded|mend(s|ed|ing)?|whence|foist(s|ed)?|thereof)\b/i, because: 'old words hide the action' },
  { mayNot: /\b(so many|in the place of|by way of)\b/i, because: 'give the number, the thing or the means' },
  { mayNot: /\b(comes?|came) to (nothing|something|an?|the|what)\b/i, because: 'say "returns", "is" or "becomes"' },
  // The metric's label value 'strangers' is older than the rule; operators' dashboards may use it.
  { mayNot: /^(?!strangers$)(?=[\s\S]*\bstrangers?\b)/i, because: 'a request without a verified token is anonymous' },
  { mayNot: /\b(is|are) gone on with\b/i, because: 'say "continues"' },
  { mayNot: /\bpass(es|ed)? over\b/i, because: 'say "ignores" or "skips"' },
  { mayNot: /\b(nobody's|somebody's|anybody's)\b/i, because: 'name the owner' },
  { mayNot: /\bof its own\b|\bof their own\b/i, because: 'say "its own …"' },
];

/** How a doc comment may not begin. */
const OPENING: LanguageRule = {
  mayNot: /^[\s*]*(what|who|whose|whom|as many|as much|so many|so much)\b/i,
  because: 'begin with a noun or a verb: what the thing is or does',
};

/** A text and where it stands. */
interface Passage {
  where: string;
  text: string;
}

const passagesBy = (pattern: RegExp, file: string, text: string): Passage[] =>
  [...text.matchAll(pattern)].map((match) => ({
    where: `${file}:${text.slice(0, match.index).split('\n').length}`,
    text: match.slice(1).find((group) => group !== undefined) ?? match[0],
  }));

/** Comments at the start of a line or after white space, so that "https://" and "/signin/*" are none. */
const COMMENT = /(?:^|(?<=[\s([{,]))\/\*([\s\S]*?)\*\/|(?:^|(?<=\s))\/\/(.*)$/gm;
const DOC_COMMENT = /\/\*\*([\s\S]*?)\*\//g;
/** A literal of text; in sources these are log lines, error causes, texts of commands, titles of tests. */
const LITERAL = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\\n]|\\.)*)`/g;
/** A template of several lines: pages, and the help of commands. */
const TEMPLATE = /(?<=html|[=(:,]\s*)`((?:[^`\\]|\\.)*)`/g;
const HASH_COMMENT = /(?:^|(?<=\s))#.*(?:\n\s*#.*)*/gm;
/** Code in documents is quoted, not written in the document's own words. */
const withoutCode = (text: string) => text.replace(/```[\s\S]*?```/g, blank).replace(/`[^`\n]*`/g, blank);
const blank = (code: string) => code.replace(/[^\n]/g, ' ');

/** Neighbouring line comments, and paragraphs of documents, are one text: a phrase may break between two lines. */
const PARAGRAPH = /(?:^(?!\s*$).*\n?)+/gm;
const joined = (text: string) => text.replace(/\n[^\S\n]*(?:\*(?!\/)|\/\/|#)?[^\S\n]*/g, ' ');
const LINE_COMMENTS = /(?:^|(?<=\s))\/\/.*(?:\n\s*\/\/.*)*/gm;
const SCRIPT = /\.([cm]?js|tsx?)$/;
/** The text between the tags of a page. */
const PAGE_TEXT = />([^<>{}]*[a-z][^<>{}]*)</g;

function passagesIn(file: string, text: string): Passage[] {
  if (!isText(file)) return [];
  const passages = rawPassagesIn(file, text);
  return passages.map(({ where, text: passage }) => ({ where, text: joined(passage) }));
}

function rawPassagesIn(file: string, text: string): Passage[] {
  if (file.endsWith('.md')) return passagesBy(PARAGRAPH, file, withoutCode(text));
  if (file.endsWith('.proto')) return passagesBy(LINE_COMMENTS, file, text);
  if (SCRIPT.test(file)) {
    const code = text.replace(COMMENT, blank);
    return [COMMENT, LINE_COMMENTS]
      .flatMap((pattern) => passagesBy(pattern, file, text))
      .concat(passagesBy(LITERAL, file, code), passagesBy(TEMPLATE, file, code))
      .concat(file.endsWith('.tsx') ? passagesBy(PAGE_TEXT, file, code) : []);
  }
  return passagesBy(HASH_COMMENT, file, text);
}

const isText = (path: string) =>
  /\.(tsx?|[cm]?js|md|proto|ya?ml|sh)$|Dockerfile$|^\.ci\/run$/.test(path) &&
  path !== 'test/language.test.ts' &&
  !path.startsWith('proto/gen/');

/** Returns the doc comments of a file: in the contract, every comment that begins a paragraph. */
function openingsIn(file: string, text: string): Passage[] {
  if (file.endsWith('.proto')) return passagesBy(/\/\/(.*(?:\n\s*\/\/.*)*)/g, file, text);
  return SCRIPT.test(file) ? passagesBy(DOC_COMMENT, file, text) : [];
}

/** Returns where a rule is broken, each place with its words. */
const broken = ({ mayNot }: LanguageRule, passages: readonly Passage[]): string[] =>
  passages
    .filter(({ text }) => mayNot.test(text))
    .map(({ where, text }) => `${where} ${JSON.stringify(text.trim().slice(0, 100))}`);

describe('the language', () => {
  const files = projectFiles(isText);
  const passages = [...files].flatMap(([file, text]) => passagesIn(file, text));
  const openings = [...files].flatMap(([file, text]) => openingsIn(file, text));

  for (const rule of WORDS) {
    it(`of documents, comments and texts never says ${rule.mayNot.source}: ${rule.because}`, () => {
      expect(broken(rule, passages).join('\n')).to.equal('');
    });
  }

  it(`of doc comments never begins with ${OPENING.mayNot.source}: ${OPENING.because}`, () => {
    expect(broken(OPENING, openings).join('\n')).to.equal('');
  });

  it('is read from every kind of file', () => {
    for (const kind of ['.md', '.proto', '.ts', '.js', '.mjs', '.cjs', '.yml', '.sh', 'Dockerfile']) {
      expect(
        passages.some(({ where }) => where.includes(`${kind}:`)),
        kind,
      ).to.equal(true);
    }
  });

  describe('is checked by rules that see', () => {
    const planted: [file: string, text: string][] = [
      ['docs/operations.md', 'Disable the user so that he is out.'],
      ['edge/app.ts', '/** Answers whoever asks. */'],
      ['edge/app.ts', 'listen(); // what waiting does not mend'],
      ['edge/app.ts', "log.warn({ err }, 'the answer came to nothing');"],
      ['test/scim/users/create.test.ts', "it('lets a stranger in', () => {});"],
      ['proto/userstore/v1/user.proto', '// As the user has it, in the place of his name.'],
      ['docker-compose.yml', 'x: 1 # by way of the proxy'],
      ['userstore/mongo-user.js', "// Ends what nobody's script heeds."],
      ['bin/build/compile.cjs', '/** Stops whoever waits. */'],
      ['edge/pages/setup.ts', 'const page = html`<p>\nWhoever signs in</p>`;'],
      ['edge/app.ts', '/**\n * Serves so\n * many requests.\n */'],
      ['docs/limits.md', 'The edge serves so\nmany requests.'],
      ['edge/app.ts', 'run(); // so\n// many requests'],
    ];
    for (const [file, text] of planted) {
      it(`${file}: ${JSON.stringify(text)}`, () => {
        const found = passagesIn(file, text);
        expect(WORDS.some((rule) => broken(rule, found).length > 0)).to.equal(true);
      });
    }

    it('an opening that withholds the subject', () => {
      for (const text of ['/** What a page shows. */', '/**\n * Whose page it is.\n */']) {
        expect(broken(OPENING, openingsIn('edge/app.ts', text)), text).to.have.length(1);
      }
      expect(broken(OPENING, openingsIn('proto/a.proto', '// Who says so.'))).to.have.length(1);
    });

    it('no address as a comment, and no code in a document as its words', () => {
      expect(passagesIn('edge/app.ts', "const url = 'https://he.example';")).to.have.length(1);
      expect(passagesIn('docs/a.md', 'Run `whoever`.').some(({ text }) => text.includes('whoever'))).to.equal(false);
    });
  });
});
