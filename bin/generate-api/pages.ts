/** The pages of the API reference in docs/api: one for each file of the contract, and an index. */
import { createFileRegistry, type DescFile, type DescMethod, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ROLES } from '../../userstore/rpc/permissions.js';
import { commentsOf } from './comments.js';
import { type Places, tableOf } from './markdown.js';
import { allOf, callersOf, enumsOf, nameOf, PACKAGE, shownValue } from './names.js';
import { blocks, capitalized, NOTE, Page } from './page.js';

/**
 * Returns the pages by their names in docs/api, from the contract as buf compiles it (a FileDescriptorSet with
 * comments). Throws if something lacks its comment, or an RPC does not say whether it is idempotent.
 */
export function apiPages(contract: Uint8Array): Map<string, string> {
  const set = fromBinary(FileDescriptorSetSchema, contract);
  const ours = [...createFileRegistry(set).files].filter(({ proto }) => proto.package === PACKAGE);
  const files = ours.sort((a, b) => a.name.localeCompare(b.name));
  const comments = new Map(files.flatMap(({ proto }) => [...commentsOf(proto)]));
  const places = placesIn(files);
  const pageAt = (name: string) => new Page(comments, places, name);
  return new Map([
    ['README.md', indexPage(files, pageAt('README.md'))],
    ...files.map((file): [string, string] => [pageOf(file), pageAt(pageOf(file)).file(file)]),
  ]);
}

const pageOf = ({ name }: DescFile): string => `${name.slice(name.lastIndexOf('/') + 1)}.md`;

function placesIn(files: readonly DescFile[]): Places {
  const names = (file: DescFile) => [
    ...file.services.flatMap((service) => [service.name, ...service.methods.map(({ name }) => name)]),
    ...[...allOf(file.messages), ...enumsOf(file)].map(nameOf),
    ...enumsOf(file).flatMap(({ values }) => values.map(({ name }) => shownValue(name))),
  ];
  const placeOf = (file: DescFile) => (name: string) =>
    [name, { page: pageOf(file), anchor: name.toLowerCase().replaceAll('.', '') }] as const;
  return new Map(files.flatMap((file) => names(file).map(placeOf(file))));
}

function indexPage(files: readonly DescFile[], page: Page): string {
  const aboutOf = (file: DescFile) => capitalized(page.text(file.proto).replace(/^[\w ]+: /, ''));
  const services = files.flatMap((file) => file.services);
  const row = (method: DescMethod) => [
    page.link(method.name),
    page.paragraphs(method)[0]?.replace(/(\.|: ).*$/, '.') ?? '',
    ...ROLES.map((role) => (callersOf(method).includes(role) ? '✓' : '')),
  ];
  return blocks(
    NOTE,
    '# API reference',
    'The services of userstore with their messages and errors, and the roles that may call them. ' +
      '[services.md](../services.md) is the guide; [client/README.md](../../client/README.md) describes the package.',
    ...services.flatMap((service) => [
      `## [${service.name}](${pageOf(service.file)})`,
      aboutOf(service.file),
      tableOf(['RPC', 'Does', ...ROLES], service.methods.map(row)),
    ]),
    '## Types that services share',
    tableOf(
      ['Type', 'What'],
      files
        .filter((file) => file.services.length === 0)
        .map((file) => [
          file.messages
            .map(nameOf)
            .concat(file.enums.map(nameOf))
            .map((name) => page.link(name))
            .join(', '),
          aboutOf(file),
        ]),
    ),
  );
}
