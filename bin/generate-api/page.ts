/** A page of the API reference: the services, RPCs, messages and enums of one file of the contract. */
import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  ScalarType,
} from '@bufbuild/protobuf';
import { linkTo, type Places, paragraphsOf, tableOf } from './markdown.js';
import { allOf, callersOf, enumsOf, nameOf, shownValue } from './names.js';

/** RPCs that only read, by the names that AIP-131, 132 and 136 give them. */
const READS = /^(Get|BatchGet|List|Find|Verify|Check|Search|Watch)/;
/** The sentence about a repeated call, in the comment of every other RPC. */
const REPEATED = /(?<=^|[.:]\s)(Not\s+idempotent|Idempotent)([^.]*)\.\s*/;
/** The whole comment of most requests and responses, which stand below their RPC. */
const PART = /^(Request|Response) of \S+\.$/;
/** The first line of each page. */
export const NOTE = '<!-- `npm run generate:api` writes this page from proto/userstore/v1. -->';

/** The text of one page. Names that have a place in the reference become links. */
export class Page {
  readonly #comments: ReadonlyMap<object, string>;
  readonly #places: Places;
  readonly #page: string;

  constructor(comments: ReadonlyMap<object, string>, places: Places, page: string) {
    this.#comments = comments;
    this.#places = places;
    this.#page = page;
  }

  file(file: DescFile): string {
    const methods = file.services.flatMap((service) => service.methods);
    const ofMethods = new Set(methods.flatMap(({ input, output }) => [input, output]));
    const [title = '', about = ''] = this.text(file.proto).split(/: (.*)/s);
    return blocks(
      NOTE,
      file.services.length > 0 ? `# ${title}` : `# Types: ${title}`,
      ...(file.services.length > 0
        ? file.services.flatMap((service) => this.paragraphs(service))
        : [capitalized(about)]),
      '[All services](README.md)',
      ...methods.flatMap((method) => this.#method(method)),
      ...allOf(file.messages)
        .filter((message) => !ofMethods.has(message))
        .flatMap((message) => this.#message(message, '##')),
      ...enumsOf(file).flatMap((one) => this.#enum(one)),
    );
  }

  #method(method: DescMethod): string[] {
    const text = this.text(method);
    const [, repeated, how = ''] = REPEATED.exec(text) ?? [];
    if (!repeated && !READS.test(method.name)) throw new Error(`${method.name} does not say whether it is idempotent.`);
    const answer = repeated?.startsWith('Not') ? 'no' : 'yes';
    const facts = [
      `- Callers: ${callersOf(method).join(', ')}`,
      `- Idempotent: ${repeated ? this.#markdown(answer + how.replace(':', ',')).join('') : 'yes, it only reads'}`,
      ...(method.methodKind === 'server_streaming' ? ['- Response: a stream of messages'] : []),
    ];
    return [
      `## ${method.name}`,
      ...this.#deprecated(method, this.#markdown(text.replace(REPEATED, ''))),
      facts.join('\n'),
      ...this.#message(method.input, '###'),
      ...this.#message(method.output, '###'),
    ];
  }

  #message(message: DescMessage, level: string): string[] {
    const rows = message.members.flatMap((member) =>
      member.kind === 'oneof'
        ? [this.#row(member, 'one of the following'), ...member.fields.map((field) => this.#fieldRow(field))]
        : [this.#fieldRow(member)],
    );
    const fields = rows.length > 0 ? tableOf(['Field', 'Type', 'Meaning'], rows) : 'No fields.';
    const paragraphs = this.paragraphs(message).filter((text) => !PART.test(text));
    return [`${level} ${nameOf(message)}`, ...paragraphs, fields];
  }

  #fieldRow(field: DescField): string[] {
    return this.#row(field, this.#type(field) + (field.oneof ? `, of \`${field.oneof.name}\`` : ''));
  }

  #row(described: Described, type: string): string[] {
    return [`\`${described.name}\``, type, this.paragraphs(described).join('<br>')];
  }

  #enum(one: DescEnum): string[] {
    const row = ({ name, number }: { name: string; number: number }, index: number) => [
      `<a id="${shownValue(name).toLowerCase()}"></a>\`${shownValue(name)}\``,
      String(number),
      this.paragraphs(one.values[index] ?? one).join('<br>'),
    ];
    return [`## ${nameOf(one)}`, ...this.paragraphs(one), tableOf(['Value', 'Number', 'Meaning'], one.values.map(row))];
  }

  #type(field: DescField): string {
    const { fieldKind } = field;
    if (fieldKind === 'map') throw new Error(`${field.name} is a map, which the reference does not know.`);
    const type = field.message ?? field.enum;
    const shown = type ? this.link(nameOf(type)) : `\`${ScalarType[field.scalar ?? 0]?.toLowerCase()}\``;
    return fieldKind === 'list' ? `list of ${shown}` : field.proto.proto3Optional ? `${shown}, optional` : shown;
  }

  link(name: string): string {
    return linkTo(name, this.#places, this.#page);
  }

  text(described: Described): string {
    const key = 'proto' in described && described.proto ? described.proto : described;
    const text = this.#comments.get(key);
    if (!text) throw new Error(`${described.name} has no comment.`);
    return text;
  }

  #markdown(text: string): string[] {
    return paragraphsOf(text, this.#places, this.#page);
  }

  paragraphs(described: Described): string[] {
    return this.#deprecated(described, this.#markdown(this.text(described)));
  }

  #deprecated({ deprecated }: Described, paragraphs: string[]): string[] {
    return deprecated ? ['**Deprecated.**', ...paragraphs] : paragraphs;
  }
}

type Described = { name: string; proto?: object; deprecated?: boolean };

/** Returns the text with its first letter as a capital. */
export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** Returns the text of a page from its parts. */
export const blocks = (...parts: string[]): string => `${parts.join('\n\n')}\n`;
