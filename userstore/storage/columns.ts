/** Where the fields of a user lie in his document, for comparing and ordering. */
import { contractName, type Field, type Fields, fieldNamed, LOCATED_FIELDS } from '../domain/fields.js';
import { shadowKey } from './documents.js';

/** One field as it is compared. */
export interface Column {
  /** The path to it in the document: "userNameKey", "name.givenNameKey", "emails.valueKey", "_id". */
  key: string;
  /** `version` is the number in an etag. */
  kind: 'text' | 'flag' | 'time' | 'version';
  /** The text lies there folded to one letter case. */
  folded: boolean;
  /** The list that it is a field of the elements of, by its name in the document. */
  list?: string;
}

const COLUMNS = new Map<string, Column>([
  ['id', { key: '_id', kind: 'text', folded: false }],
  ['create_time', { key: 'createTime', kind: 'time', folded: false }],
  ['update_time', { key: 'updateTime', kind: 'time', folded: false }],
  ['etag', { key: 'version', kind: 'version', folded: false }],
  ...[...LOCATED_FIELDS].flatMap(([contract, { field, path }]) => columnsOf(field, path, contract)),
]);

function columnsOf(field: Field, path: readonly string[], contract: string): [contract: string, Column][] {
  switch (field.kind) {
    case 'flag':
      return [[contract, { key: path.join('.'), kind: 'flag', folded: false }]];
    case 'text': {
      const name = path.at(-1) as string;
      const key = [...path.slice(0, -1), field.fold ? shadowKey(name) : name].join('.');
      return [[contract, { key, kind: 'text', folded: field.fold }]];
    }
    case 'list':
      return elementColumns(field.fields, path[0] as string, contract);
    default:
      // Its fields are located by themselves.
      return [];
  }
}

/** Attributes of extensions are compared by names of their own. */
function elementColumns(fields: Fields, list: string, contract: string): [contract: string, Column][] {
  if (list === 'extensionAttributes') return [];
  return Object.entries(fields)
    .flatMap(([name, field]) => columnsOf(field, [list, name], `${contract}.${contractName(name)}`))
    .map(([field, column]) => [field, { ...column, list }]);
}

/** The column of a field by its name in the contract: "user_name", "name.given_name", "emails.value". */
export const columnOf = (field: string): Column | undefined => COLUMNS.get(field);

/** A message or a list by its name in the contract, "name", "emails", "enterprise.manager": the path to it. */
export function groupOf(field: string): { key: string; kind: 'message' | 'list' } | undefined {
  const located = fieldNamed(field);
  const kind = located?.field.kind;
  const isGroup = (kind === 'message' || kind === 'list') && field !== 'extension_attributes';
  return located && isGroup ? { key: located.path.join('.'), kind } : undefined;
}
