/** The API reference in docs/api: it is what the contract and the permissions say, and its links lead somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FieldOptionsSchema, type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect } from 'chai';
import { apiPages } from '../../bin/generate-api/pages.js';

const FOLDER = 'docs/api';
const CONTRACT = readFileSync('proto/gen/contract.binpb');
const PAGES = apiPages(CONTRACT);

/** Returns the pages of the contract after `change`. */
function pagesAfter(change: (set: FileDescriptorSet) => void): Map<string, string> {
  const set = fromBinary(FileDescriptorSetSchema, CONTRACT);
  change(set);
  return apiPages(toBinary(FileDescriptorSetSchema, set));
}
const fileIn = ({ file }: FileDescriptorSet, name: string) => file.find((one) => one.name.endsWith(`/${name}.proto`));

/** Returns the anchors of a page as GitHub makes them, of headings and of `<a id>`. */
const anchorsOf = (page: string): string[] => [
  ...[...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .replace(/\[(.*?)\]\(.*?\)/g, '$1')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  ),
  ...[...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
];

describe('the API reference', () => {
  it('is current', () => {
    expect(readdirSync(FOLDER)).to.have.members([...PAGES.keys()]);
    for (const [name, text] of PAGES) {
      expect(readFileSync(join(FOLDER, name), 'utf8') === text, `${name}: run npm run generate:api`).to.equal(true);
    }
  });

  it('has every link lead to one place', () => {
    const anchors = new Map([...PAGES].map(([name, text]) => [name, anchorsOf(text)]));
    for (const [name, found] of anchors) expect(found, name).to.deep.equal([...new Set(found)]);
    const links = [...PAGES].flatMap(([page, text]) =>
      [...text.matchAll(/\]\(([\w.]*)#([^)]+)\)/g)].map(([, to, anchor = '']) => [to || page, anchor] as const),
    );
    expect(links.length).to.be.above(500);
    expect(links.filter(([page, anchor]) => !anchors.get(page)?.includes(anchor))).to.deep.equal([]);
  });

  it('says of an RPC who may call it, whether it is idempotent, and with what it fails', () => {
    const [, lockUser = ''] = /## LockUser\n(.*?)\n###/s.exec(PAGES.get('session_service.md') ?? '') ?? [];
    expect(lockUser).to.include('- Callers: support, admin\n- Idempotent: yes');
    expect(lockUser).to.include('Errors: [USER_NOT_FOUND](error_reason.md#user_not_found)');
    expect(PAGES.get('README.md')).to.match(/^\| \[`LockUser`\].*\| {2}\| {2}\| {2}\| ✓ \| ✓ \|$/m);
    expect(PAGES.get('event_service.md')).to.include('Response: a stream');
  });

  it('shows text of comments as text', () => {
    expect(PAGES.get('service_account_service.md')).to.include('Bearer &lt;secret>');
  });

  it('marks what is deprecated', () => {
    const pages = pagesAfter((set) => {
      const field = fileIn(set, 'user')?.messageType[0]?.field.find(({ name }) => name === 'title');
      if (field) field.options = create(FieldOptionsSchema, { deprecated: true });
    });
    expect(pages.get('user.md')).to.match(
      /^\| `title` \| `string`, optional \| \*\*Deprecated\.\*\*<br>The job title/m,
    );
  });

  it('is not made if something has no comment, or an RPC does not say whether it is idempotent', () => {
    const without = (file: string, path: string, comment = '') =>
      pagesAfter((set) => {
        const found = fileIn(set, file)?.sourceCodeInfo?.location.find((location) => location.path.join() === path);
        if (found) found.leadingComments = comment;
      });
    expect(() => without('user', '4,0,2,0')).to.throw('id has no comment');
    expect(() => without('user_service', '6,0,2,0')).to.throw('GetUser has no comment');
    expect(() => without('rate_limit_service', '6,0,2,0', ' Takes permits.\n')).to.throw('AcquirePermits does not say');
  });
});
