/** The paths of the fields of users and groups in their documents, for comparing and ordering. */
import {
  contractName,
  type Field,
  type Fields,
  GROUP_FIELDS,
  type LocatedField,
  located,
  USER_FIELDS,
} from '../model/fields.js';
import { shadowKey } from './schema.js';

/** A field as it is compared. */
export interface Column {
  /** The path to it in the document: "userNameKey", "name.givenNameKey", "emails.valueKey", "_id". */
  key: string;
  /** `version` is the number in an etag. */
  kind: 'text' | 'flag' | 'time' | 'version';
  /** The text at the path is folded to one letter case. */
  folded: boolean;
  /** The name in the document of the list whose elements have the field. */
  list?: string;
}

/** A listable resource, users or groups: how its documents are compared and ordered. */
export interface Listed {
  /** The name in error messages. */
  plural: string;
  /** The fields by their names in the contract: "user_name", "name.given_name", "emails.value". */
  columns: ReadonlyMap<string, Column>;
  /** Messages and lists by their names in the contract, "name", "emails", "enterprise.manager": the paths to them. */
  composites: ReadonlyMap<string, { key: string; kind: 'message' | 'list' }>;
  /** Fields with the keys of the index of their order, after the organization; all documents have these keys. */
  indexed: ReadonlyMap<string, readonly string[]>;
}

function listed(plural: string, table: Fields, nameField: string, nameKey: string): Listed {
  const fields = [...located(table)];
  return {
    plural,
    columns: new Map<string, Column>([
      ['id', { key: '_id', kind: 'text', folded: false }],
      ['create_time', { key: 'createTime', kind: 'time', folded: false }],
      ['update_time', { key: 'updateTime', kind: 'time', folded: false }],
      ['etag', { key: 'version', kind: 'version', folded: false }],
      ...fields.flatMap(([contract, { field, path }]) => columnsOf(field, path, contract)),
    ]),
    composites: new Map(fields.flatMap(compositesOf)),
    indexed: new Map([
      ['id', ['_id']],
      // An id begins with its creation time.
      ['create_time', ['_id']],
      // Unique, so there are no ties for ids to break.
      [nameField, [nameKey]],
      ['update_time', ['updateTime', '_id']],
    ]),
  };
}

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
      // `located` lists the fields of a message itself.
      return [];
  }
}

/** The columns of list elements. Attributes of extensions have none: they are compared by `extensionValues`. */
function elementColumns(fields: Fields, list: string, contract: string): [contract: string, Column][] {
  if (list === 'extensionAttributes') return [];
  return Object.entries(fields)
    .flatMap(([name, field]) => columnsOf(field, [list, name], `${contract}.${contractName(name)}`))
    .map(([field, column]) => [field, { ...column, list }]);
}

type Composite = [contract: string, { key: string; kind: 'message' | 'list' }];

function compositesOf([contract, { field, path }]: [string, LocatedField]): Composite[] {
  const { kind } = field;
  const isOne = (kind === 'message' || kind === 'list') && contract !== 'extension_attributes';
  return isOne ? [[contract, { key: path.join('.'), kind }]] : [];
}

const users = listed('Users', USER_FIELDS, 'user_name', 'userNameKey');

export const USERS: Listed = {
  ...users,
  // A lock is not a writable field. Its time is always there, so the path can have an index.
  columns: new Map([...users.columns, ['locked.time', { key: 'locked.time', kind: 'time', folded: false }]]),
  composites: new Map([...users.composites, ['locked', { key: 'locked.time', kind: 'message' }]]),
};
export const GROUPS: Listed = listed('Groups', GROUP_FIELDS, 'display_name', 'displayNameKey');
